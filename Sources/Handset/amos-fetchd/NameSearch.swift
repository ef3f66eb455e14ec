import LinuxSystem
import Web
import Wire

/// A name that a child process looks up: the C library waits while it does.
///
///     child ──▶ pipe: `+` and addresses, one a line, or `-` and the reason; then the end
final class NameSearch {
    /// As many addresses as a lookup gives, and more.
    private static let replyLimit = 4096

    private let process: Int32
    let reading: HeldDescriptor
    private var reply: [UInt8] = []
    private var hasEnded = false

    init(_ host: String) throws(SystemCallError) {
        let pipe = try Pipe()
        let writing = pipe.writing.rawValue
        process = try ChildProcess.fork(keeping: writing) {
            let bytes: [UInt8]
            switch NameLookup.addresses(of: host) {
            case .failed(let reason): bytes = Array(("-" + reason).utf8)
            case .found(let addresses):
                var text = "+"
                for address in addresses { text += address + "\n" }
                bytes = Array(text.utf8)
            }
            _ = try? FileDescriptor(owning: writing).write(bytes)
        }
        reading = HeldDescriptor(pipe.takeReading())
    }

    deinit {
        // Its parent reaps it.
        if !hasEnded { ChildProcess.send(ChildProcess.killSignal, to: process) }
    }

    /// nil: not yet.
    func outcome() -> NameLookup.Outcome? {
        while !hasEnded {
            var piece = [UInt8](repeating: 0, count: 1024)
            let count: Int?
            do throws(SystemCallError) {
                count = try reading.descriptor.readIfReady(into: &piece, from: 0)
            } catch {
                count = 0
            }
            guard let count else { return nil }
            if count == 0 || reply.count > Self.replyLimit { hasEnded = true }
            reply += piece[..<count]
        }
        let text = String(decoding: reply.dropFirst(), as: UTF8.self)
        guard reply.first == 0x2b else {
            return .failed(reply.isEmpty ? "the lookup broke off" : text)
        }
        return .found(
            reply.dropFirst().split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) })
    }
}
