import Bridge
import LinuxSystem
import Packages
import Transfer
import Trust
import Wire

/// One package on its way from a repository to the service.
///
///     head from the index ─╮
///     installed version ───┼──▶ service, which checks the whole as it checks any package
///     kept ◀── network ────╯
///
/// What the network has given is kept in a file until the service has the package: after an interruption, of
/// the network or of everything, it goes on where it stopped.
struct PackageDelivery {
    private static let pieceSize = 128 << 10

    private let offer: RepositoryWorker.Offer
    private let fetcher: FetchClient
    private let options: Options

    init(_ offer: RepositoryWorker.Offer, _ fetcher: FetchClient, _ options: Options) {
        (self.offer, self.fetcher, self.options) = (offer, fetcher, options)
    }

    private var id: PackageID { offer.head.manifest.id }

    private func kept(_ parts: PackageParts) -> String {
        let digest = (Digest256(offer.indexed.digest) ?? .zero).hex
        return offer.follower.files.path((parts.isDelta ? "delta-" : "partial-") + digest)
    }

    func deliver(isDependency: Bool, replacing installed: Generation.Package?) throws(RepositoryProblem) {
        let target = try offer.follower.find(offer.indexed.path)
        // The index may say only what its targets say, too.
        guard let digest = target.hashes.digest(.sha256), digest == offer.indexed.digest,
            target.length == Int64(clamping: offer.indexed.length)
        else {
            throw .trust(
                repository: offer.follower.files.name, .wrongHash(file: offer.indexed.path, .sha256))
        }
        let whole = PackageParts.whole(target)
        let parts =
            installed.flatMap { PackageParts.delta(offer, target, from: $0, options) } ?? whole
        let isFresh = !parts.isDelta && !Directory.exists(kept(parts))
        do throws(RepositoryProblem) {
            try send(target, parts, isDependency)
        } catch {
            guard case .refused = error else { throw error }
            try? Directory.unlink(kept(parts))
            // What was kept, or what the list says, is not known to be right until the whole is.
            guard !isFresh else { throw error }
            try send(target, whole, isDependency)
        }
        try? Directory.unlink(kept(parts))
        try? Directory.unlink(kept(whole))
    }

    private func send(
        _ target: TargetFile, _ parts: PackageParts, _ isDependency: Bool
    ) throws(RepositoryProblem) {
        let flags = isDependency ? InstallOptions.dependency.rawValue : 0
        let socket = try connect()
        let request = PackageServiceRequest(.install, flags: flags, size: UInt64(target.length))
        try write(request.encode(), to: socket)
        var line: [UInt8]
        do throws(RepositoryProblem) {
            try copy(target, parts, to: socket)
            line = []
        } catch {
            // The service may have said why before all was sent.
            guard case .refused(_, let reason) = error else { throw error }
            line = Array(reason.utf8)
        }
        if let reply = try? socket.descriptor.readToEnd(limit: PackageServiceRequest.replyLimit) {
            line = PackageServiceRequest.reply(reply)
        }
        guard PackageServiceRequest.isSuccess(line) else {
            throw .refused(id, String(decoding: line, as: UTF8.self))
        }
    }

    private func connect() throws(RepositoryProblem) -> HeldDescriptor {
        let path = options.runDirectory + "/" + PackageServiceRequest.socketName.description
        do throws(SystemCallError) {
            let socket = try StreamSocket.connect(toLocal: Array(path.utf8), isAbstract: false)
            try socket.setBlocking(true)
            return HeldDescriptor(socket)
        } catch {
            throw .system(error)
        }
    }

    private func write(_ bytes: [UInt8], to socket: HeldDescriptor) throws(RepositoryProblem) {
        do throws(SystemCallError) {
            try socket.descriptor.write(bytes)
        } catch {
            throw .refused(id, error.description)
        }
    }

    private func copy(
        _ target: TargetFile, _ parts: PackageParts, to socket: HeldDescriptor
    ) throws(RepositoryProblem) {
        let file: HeldDescriptor
        let size: UInt64
        do throws(SystemCallError) {
            file = HeldDescriptor(
                try FileDescriptor.open(kept(parts), [.readWrite, .create, .noFollow], permissions: 0o600))
            size = try file.descriptor.size()
        } catch {
            throw .system(error)
        }
        // In the file of what was kept.
        var place: UInt64 = 0
        for part in parts.parts {
            switch part {
            case .bytes(let bytes): try write(bytes, to: socket)
            case .local(let source, let offset, let count):
                try copy(source, offset, count, to: socket)
            case .remote(let offset, let count):
                let here = min(count, size - min(size, place))
                try copy(file, place, here, to: socket)
                if here < count {
                    try fetch(
                        target, offset + here, count - here, keeping: file, at: place + here, to: socket)
                }
                place += count
            }
        }
    }

    private func copy(
        _ source: HeldDescriptor, _ offset: UInt64, _ count: UInt64, to socket: HeldDescriptor
    ) throws(RepositoryProblem) {
        var done: UInt64 = 0
        while done < count {
            let bytes: [UInt8]
            do throws(SystemCallError) {
                bytes = try source.descriptor.read(
                    min(Self.pieceSize, Int(count - done)), at: offset + done)
            } catch {
                throw .system(error)
            }
            guard !bytes.isEmpty else { throw .fetch(file: id.text, "a file became shorter") }
            try write(bytes, to: socket)
            done += UInt64(bytes.count)
        }
    }

    private func fetch(
        _ target: TargetFile, _ first: UInt64, _ count: UInt64, keeping file: HeldDescriptor,
        at place: UInt64, to socket: HeldDescriptor
    ) throws(RepositoryProblem) {
        var request = FetchRequest(offer.follower.address(of: target), byteLimit: count)
        request.first = first
        request.count = count
        var done: UInt64 = 0
        let outcome = try fetcher.fetch(request) { (bytes) throws(RepositoryProblem) in
            do throws(SystemCallError) {
                try file.descriptor.write(bytes.span, at: place + done)
            } catch {
                throw .system(error)
            }
            done += UInt64(bytes.count)
            try write(bytes, to: socket)
        }
        switch outcome {
        case .done where done == count: return
        case .done: throw .fetch(file: target.path, "it is shorter than its signed length")
        case .absent: throw .fetch(file: target.path, "the repository does not have it")
        case .failed(let reason): throw .fetch(file: target.path, reason)
        }
    }
}
