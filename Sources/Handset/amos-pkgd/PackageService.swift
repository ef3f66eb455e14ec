import Bridge
import LinuxSystem
import PackageSignatures
import Packages
import Wire

/// The loop: one epoll for the socket and all clients.
final class PackageService<Sealer: FileSealer> {
    typealias Engine = PackageEngine<FileStore<Sealer>, HandsetCryptography>

    /// Installs at once are rare; each has one open file and no memory of its own.
    private static var clientLimit: Int { 16 }
    /// A client that neither sends nor takes anything for this long gives way.
    private static var patienceMilliseconds: UInt64 { 60_000 }
    /// Also what one client may send before it is the next one's turn.
    private static var bufferSize: Int { 256 << 10 }
    private static var listenerTag: UInt64 { 0 }

    private let engine: Engine
    private let developerMode: DeveloperMode
    private let worker: RepositoryWorkerTable
    private let listener: HeldDescriptor
    private var epoll: Epoll
    private var clients: [PackageClient<Sealer>] = []
    private var nextTag: UInt64 = 1
    private var buffer: [UInt8]

    init(_ options: Options) throws(SystemCallError) {
        listener = HeldDescriptor(
            try ServiceSocket.passed(
                orListeningBelow: options.listens ? options.runDirectory : nil,
                as: PackageServiceRequest.socketName.description))
        let store = try FileStore<Sealer>(options.directory, data: options.dataDirectory)
        engine = Engine(store, HandsetCryptography(), options.policy())
        developerMode = DeveloperMode(options.developerModeFile)
        worker = RepositoryWorkerTable(options)
        do throws(PackageError) {
            try engine.recover()
        } catch {
            // With a damaged set it still answers, says what is wrong, and repairs.
            guard engine.damage != nil else {
                throw SystemCallError("read the installed set (" + error.description + ")", code: 5)
            }
            Output.say("<3>" + error.description)
        }
        epoll = try Epoll()
        buffer = [UInt8](repeating: 0, count: Self.bufferSize)
        try epoll.add(listener.descriptor, tag: Self.listenerTag)
    }

    func run() throws(SystemCallError) {
        while true { try turn() }
    }

    /// Serves whoever is ready; waits until somebody is.
    func turn() throws(SystemCallError) {
        var tags: [UInt64] = []
        let patience = clients.isEmpty ? nil : Self.patienceMilliseconds
        try epoll.wait(milliseconds: patience, tags: &tags)
        let now = Clock.bootMilliseconds
        for tag in tags {
            if tag == Self.listenerTag {
                try accept(now)
                continue
            }
            guard let client = clients.first(where: { $0.tag == tag }) else { continue }
            client.deadline = now + Self.patienceMilliseconds
            client.proceed(&buffer)
            guard client.wantsToWrite else { continue }
            try? epoll.modify(client.socket.descriptor, tag: tag, for: .writing)
        }
        clients.removeAll { client in
            if !client.isOver, client.deadline > now { return false }
            client.leave()
            epoll.remove(client.socket.descriptor)
            return true
        }
    }

    private func accept(_ now: UInt64) throws(SystemCallError) {
        var address: [UInt8] = []
        while let descriptor = try StreamSocket.accept(listener.descriptor, address: &address) {
            let socket = LocalSocket(descriptor)
            guard clients.count < Self.clientLimit, let peer = try? socket.peer() else { continue }
            // The one who runs this program: root on a handset.
            guard peer.userID == 0 || peer.userID == ChildProcess.effectiveUser else { continue }
            let client = PackageClient(
                HeldDescriptor(socket.takeDescriptor()), engine, developerMode, worker,
                isWorker: worker.isRunning(as: peer.process), tag: nextTag,
                deadline: now + Self.patienceMilliseconds)
            nextTag += 1
            try epoll.add(client.socket.descriptor, tag: client.tag)
            clients.append(client)
        }
    }
}
