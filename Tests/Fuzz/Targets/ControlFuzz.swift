import Wire

enum ControlFuzz {
    /// What is understood is understood in one way, and encoded again it is the same bytes.
    static func run(_ bytes: [UInt8]) {
        if let request = try? ControlRequest(decoding: bytes) {
            demand(request.encode() == bytes, "a request changes when encoded again")
        }
        if let reply = try? ControlReply(decoding: bytes) {
            demand(reply.encode() == bytes, "a reply changes when encoded again")
        }
    }

    static var seeds: [[UInt8]] {
        let requests = (0...UInt8.max).compactMap { ControlRequest.Command(rawValue: $0) }.flatMap {
            command in
            [ControlRequest(command), ControlRequest(command, text: "modem")]
        }
        let replies: [ControlReply] = [
            .end, .refused("only root may do that"), .event(line: "{\"ns\":1,\"event\":\"ready\"}\n"),
        ]
        return requests.map { $0.encode() } + replies.map { $0.encode() }
    }
}
