import LinuxSystem
import Transfer
import Wire

/// One program that asks, one request after the other.
final class FetchSession {
    /// A request and part of the next one; more is left in the socket.
    private static let inputLimit = 8 << 10

    let socket: HeldDescriptor
    private let options: Options
    private let origins: OriginTable
    private let watch: (NameSearch, Bool) -> Void
    private var input: [UInt8] = []
    private var output = OutputBuffer()
    private var fetch: ActiveFetch?
    private(set) var isOver = false

    init(
        _ socket: HeldDescriptor, _ options: Options, _ origins: OriginTable,
        watch: @escaping (NameSearch, Bool) -> Void
    ) {
        (self.socket, self.options, self.origins, self.watch) = (socket, options, origins, watch)
    }

    var deadline: UInt64? { fetch?.deadline }

    func proceed(_ now: UInt64) {
        guard !isOver else { return }
        do throws(SystemCallError) {
            var goesOn = false
            repeat {
                try read()
                // Half a request waits for the rest of it.
                goesOn = fetch != nil || begin(now)
                fetch?.proceed(now, &output)
                if fetch?.isFinished == true { fetch = nil }
                try output.flush(to: socket.descriptor)
                // The room that this made, or the next request that is here already, may be used at once.
                if let fetch { goesOn = fetch.hasBytes }
            } while goesOn && !isOver && output.count == 0
        } catch {
            leave()
        }
    }

    private func leave() {
        isOver = true
        fetch = nil
    }

    /// Whoever closes its end wants nothing more.
    private func read() throws(SystemCallError) {
        var piece = [UInt8](repeating: 0, count: 2048)
        while input.count < Self.inputLimit {
            guard let count = try socket.descriptor.readIfReady(into: &piece, from: 0) else { return }
            guard count > 0 else { return leave() }
            input += piece[..<count]
        }
    }

    /// Whether there was a request.
    private func begin(_ now: UInt64) -> Bool {
        guard !isOver else { return false }
        do throws(WireError) {
            guard let (request, count) = try FetchRequest.decode(input) else { return false }
            input.removeFirst(count)
            start(request, now)
            return true
        } catch {
            Output.say("<4>a request is not understood: " + error.description)
            leave()
            return false
        }
    }

    private func start(_ request: FetchRequest, _ now: UInt64) {
        do throws(TransferError) {
            let seed = (try? RandomBytes.make(8)) ?? []
            let begun = try ActiveFetch(
                request, options, origins, seed: seed.reduce(now) { $0 << 8 ^ UInt64($1) }, watch: watch)
            fetch = begun
            begun.start(now, &output)
        } catch {
            output.append(FetchReply.end(code: error.code, reason: error.description).encode())
        }
    }
}
