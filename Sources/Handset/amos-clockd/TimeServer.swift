import LinuxSystem
import Wire

/// A time server: `host`, `host:port` or `[address]:port`.
struct TimeServer {
    /// A server that needs longer would give a useless answer anyway.
    static let answerMilliseconds: Int32 = 2_000

    let host: String
    let port: String

    init(_ text: [UInt8]) {
        var host = text[...]
        var port = Array("123".utf8)[...]
        let close = text.lastIndex(of: UInt8(ascii: "]"))
        if let colon = text.lastIndex(of: UInt8(ascii: ":")), colon > close ?? -1,
            close != nil || text.firstIndex(of: UInt8(ascii: ":")) == colon
        {
            host = text[..<colon]
            port = text[(colon + 1)...]
        }
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            host = host.dropFirst().dropLast()
        }
        self.host = String(decoding: host, as: UTF8.self)
        self.port = String(decoding: port, as: UTF8.self)
    }

    enum Failure: Error {
        case system(SystemCallError)
        case refused(SNTPExchange.Refusal)
        case silent

        var text: String {
            switch self {
            case .system(let error): error.description
            case .refused(let refusal): refusal.text
            case .silent: "no answer"
            }
        }
    }

    /// Asks once. The time, in nanoseconds since 1970, as of now.
    func ask(floorSeconds: Int64) throws(Failure) -> Int64 {
        let exchange: SNTPExchange
        let answer: [UInt8]?
        do throws(SystemCallError) {
            let connection = try UDPConnection(host: host, port: port)
            exchange = SNTPExchange(
                nonce: try Self.unpredictableNumber(), sentNanoseconds: Machine.bootTimeNanoseconds)
            try connection.send(exchange.request)
            answer = try connection.receive(limit: 512, milliseconds: Self.answerMilliseconds)
        } catch {
            throw .system(error)
        }
        guard let answer else { throw .silent }
        do throws(SNTPExchange.Refusal) {
            return try exchange.time(
                answer: answer, receivedNanoseconds: Machine.bootTimeNanoseconds, floorSeconds: floorSeconds)
        } catch {
            throw .refused(error)
        }
    }

    private static func unpredictableNumber() throws(SystemCallError) -> UInt64 {
        let bytes = try FileDescriptor.open("/dev/urandom").read(upTo: 8)
        var number: UInt64 = 0
        for byte in bytes { number = number << 8 | UInt64(byte) }
        return number
    }
}
