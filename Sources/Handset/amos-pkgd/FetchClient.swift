import LinuxSystem
import Transfer
import Trust
import Wire

/// Asks `amos-fetchd`, and waits; or looks into a bundle.
final class FetchClient {
    /// Where a bundle's files seem to lie.
    static let bundleAddress = "bundle"

    private let runDirectory: String
    private let bundle: RepositoryBundle?
    /// The bundle's file; or the service's socket, from the first request on.
    private var source: HeldDescriptor?
    private var buffer: [UInt8] = []
    /// Bytes of bodies, of everything that was fetched.
    private(set) var fetched: UInt64 = 0

    init(bundle path: String) throws(RepositoryProblem) {
        do throws(SystemCallError) {
            let file = HeldDescriptor(try FileDescriptor.open(path, [.readOnly, .nonBlocking]))
            let head = try file.descriptor.read(RepositoryBundle.headLimit, at: 0)
            let size = try file.descriptor.size()
            (source, runDirectory) = (file, "")
            do throws(WireError) {
                bundle = try RepositoryBundle(decoding: head, size: size)
            } catch {
                throw SystemCallError("read a bundle (" + error.description + ")", path, code: 22)
            }
        } catch {
            throw .system(error)
        }
    }

    /// What the bundle was made for.
    var wanted: [String] { bundle?.wanted ?? [] }

    /// Whether a bundle has it.
    func has(_ address: String) -> Bool { file(at: address) != nil }

    private func file(at address: String) -> RepositoryBundle.File? {
        let name = Array(address.utf8).dropFirst(Self.bundleAddress.utf8.count + 1)
        return bundle?[String(decoding: name, as: UTF8.self)]
    }

    private func read(
        _ request: FetchRequest, take: ([UInt8]) throws(RepositoryProblem) -> Void
    ) throws(RepositoryProblem) -> Outcome {
        guard let source, let file = file(at: request.address) else { return .absent }
        var first = min(request.first, file.length)
        let end = min(file.length, request.count.map { request.first + $0 } ?? file.length)
        guard end - first <= request.byteLimit else {
            return .failed("it is longer than " + String(request.byteLimit) + " bytes")
        }
        while first < end {
            let bytes: [UInt8]
            do throws(SystemCallError) {
                bytes = try source.descriptor.read(
                    min(FetchReply.frameLimit, Int(end - first)), at: file.offset + first)
            } catch {
                return .failed(error.description)
            }
            guard !bytes.isEmpty else { return .failed("the bundle became shorter") }
            try take(bytes)
            first += UInt64(bytes.count)
        }
        return .done
    }

    init(runDirectory: String) { (self.runDirectory, bundle) = (runDirectory, nil) }

    private func connection() throws(SystemCallError) -> HeldDescriptor {
        if let source { return source }
        let path = runDirectory + "/" + FetchReply.socketName.description
        let socket = HeldDescriptor(try StreamSocket.connect(toLocal: Array(path.utf8), isAbstract: false))
        try socket.descriptor.setBlocking(true)
        source = socket
        return socket
    }

    enum Outcome {
        case done
        case absent
        case failed(String)
    }

    /// - Parameter take: gets the bytes in order; what it throws ends the transfer.
    func fetch(
        _ request: FetchRequest, take: ([UInt8]) throws(RepositoryProblem) -> Void
    ) throws(RepositoryProblem) -> Outcome {
        if bundle != nil { return try read(request, take: take) }
        do throws(SystemCallError) {
            try connection().descriptor.write(request.encode())
        } catch {
            throw .noNetwork(error.description)
        }
        while true {
            switch try nextReply() {
            case .head: continue
            case .body(let bytes):
                fetched += UInt64(bytes.count)
                try take(bytes)
            case .end(let code, let reason):
                if code == FetchReply.done { return .done }
                return code == TransferError.absent(status: 0).code ? .absent : .failed(reason)
            }
        }
    }

    private func nextReply() throws(RepositoryProblem) -> FetchReply {
        while true {
            do throws(WireError) {
                if let (reply, count) = try FetchReply.decode(buffer) {
                    buffer.removeFirst(count)
                    return reply
                }
            } catch {
                throw .noNetwork("amos-fetchd is not understood: " + error.description)
            }
            do throws(SystemCallError) {
                let more = try connection().descriptor.read(upTo: FetchReply.frameLimit)
                guard !more.isEmpty else { throw SystemCallError("amos-fetchd ended", code: 32) }
                buffer += more
            } catch {
                throw .noNetwork(error.description)
            }
        }
    }
}
