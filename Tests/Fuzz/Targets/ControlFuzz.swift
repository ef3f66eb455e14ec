import Wire

enum ControlFuzz {
    /// A request that is understood is understood in one way: encoded again it is the same bytes.
    static func run(_ bytes: [UInt8]) {
        if let request = try? ControlRequest(decoding: bytes) {
            demand(request.encode() == bytes, "a request changes when encoded again")
        }
        // A reply from PID 1 is read more generously: unused fields may hold anything, and texts are cut.
        if let reply = try? ControlReply(decoding: bytes) {
            let encoded = reply.encode()
            guard let again = try? ControlReply(decoding: encoded) else {
                fatalError("a reply cannot be read back")
            }
            demand(again.encode() == encoded, "a reply changes when encoded again")
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
