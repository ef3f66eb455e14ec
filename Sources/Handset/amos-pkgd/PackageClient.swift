import Bridge
import LinuxSystem
import PackageSignatures
import Packages
import Wire

/// One connection: a request, perhaps a package, an answer.
final class PackageClient<Sealer: FileSealer> {
    typealias Engine = PackageEngine<FileStore<Sealer>, HandsetCryptography>
    typealias Install = PackageInstall<FileStore<Sealer>, HandsetCryptography>

    let socket: HeldDescriptor
    let tag: UInt64
    var deadline: UInt64
    private let engine: Engine
    private let developerMode: DeveloperMode
    private var head: [UInt8] = []
    private var install: Install?
    /// Bytes of the package that have not come.
    private var left: UInt64 = 0
    private var answer: [UInt8] = []
    private var answered = 0
    private(set) var isOver = false
    private let worker: RepositoryWorkerTable
    /// It is the worker that brings packages from repositories.
    private let isWorker: Bool

    init(
        _ socket: HeldDescriptor, _ engine: Engine, _ developerMode: DeveloperMode,
        _ worker: RepositoryWorkerTable, isWorker: Bool, tag: UInt64, deadline: UInt64
    ) {
        (self.socket, self.engine, self.developerMode) = (socket, engine, developerMode)
        (self.worker, self.isWorker) = (worker, isWorker)
        (self.tag, self.deadline) = (tag, deadline)
    }

    var wantsToWrite: Bool { !isOver && !answer.isEmpty }

    /// Reads or writes once, as far as that is possible.
    func proceed(_ buffer: inout [UInt8]) {
        do throws(SystemCallError) {
            if answer.isEmpty {
                guard let count = try socket.descriptor.readIfReady(into: &buffer, from: 0) else { return }
                guard count > 0 else { return leave() }
                take(buffer.span.extracting(0..<count))
            }
            if !answer.isEmpty { try send() }
        } catch {
            leave()
        }
    }

    func leave() {
        isOver = true
        install?.cancel()
        install = nil
    }

    private func send() throws(SystemCallError) {
        let bytes = answer
        answered += try socket.descriptor.writeIfReady(bytes.span.extracting(answered..<bytes.count))
        if answered == answer.count { leave() }
    }

    private func take(_ bytes: Span<UInt8>) {
        guard install == nil else { return takePackage(bytes) }
        head.append(copying: bytes)
        do throws(WireError) {
            guard let (request, count) = try PackageServiceRequest.decode(head) else { return }
            perform(request)
            let rest = Array(head.dropFirst(count))
            head = []
            if answer.isEmpty { takePackage(rest.span) }
        } catch {
            fail("the request is not understood: " + error.description)
        }
    }

    private func takePackage(_ bytes: Span<UInt8>) {
        guard let install else { return }
        let count = min(bytes.count, Int(clamping: left))
        do throws(PackageError) {
            try install.receive(bytes.extracting(0..<count))
            left -= UInt64(count)
            if let plan = install.plan {
                return answer(PackageDocuments.change(from: engine.current, to: plan, isDry: true))
            }
            guard left == 0 else { return }
            let before = engine.current
            let package = try install.finish()
            Output.say("installed " + package.id.text + " " + package.version.text)
            answer(PackageDocuments.change(from: before, to: engine.current, isDry: false))
        } catch {
            fail(error.description)
        }
    }

    /// One line, whatever the reason holds.
    private func fail(_ reason: String) {
        let line = reason.utf8.map { $0 < 0x20 ? 0x20 : $0 }.prefix(PackageServiceRequest.replyLimit - 16)
        answer = Array("Failure [".utf8) + line + Array("]\n".utf8)
        Output.say("<4>refused: " + String(decoding: line, as: UTF8.self))
    }

    private func perform(_ request: PackageServiceRequest) {
        do throws(PackageError) {
            switch request.operation {
            case .install, .sideload:
                left = request.size
                engine.isDeveloperMode = developerMode.isOn
                var options = InstallOptions(rawValue: request.flags).subtracting(.repository)
                if isWorker { options.insert(.repository) }
                install = try engine.beginInstall(size: request.size, options)
            case .developerMode:
                try developerMode.change(request.argument, engine.policy)
                answer(PackageDocuments.developerMode(isOn: developerMode.isOn, engine.policy))
            case .refresh, .search, .obtain, .upgrade, .bundle:
                try worker.start(request, answering: socket)
                // From now on the socket is the worker's.
                isOver = true
            default: answer(try PackageInquiry(engine, request).document())
            }
        } catch {
            fail(error.description)
        }
    }

    private func answer(_ document: [UInt8]) { answer = Array("Success\n".utf8) + document }
}
