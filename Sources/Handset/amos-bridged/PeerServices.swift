import Bridge
import LinuxSystem
import Wire

// What a peer's OPEN leads to.
extension Peer {
    func open(_ stream: UInt32, _ name: [UInt8]) {
        guard let service = ServiceName(name) else {
            return refuse(stream, "a service that is not known here", name)
        }
        guard case .refused(let reason) = bridge.policy.judge(service) else {
            return openAllowed(stream, service, name)
        }
        switch service {
        case .shell(let request):
            start(refusal(reason, isFramed: request.isFramed, stream))
        case .execute: start(refusal(reason, isFramed: false, stream))
        case .root, .unroot, .reboot:
            start(TextEndpoint(Array((reason.description + "\n").utf8), stream, bridge))
        default: refuse(stream, reason.description, name)
        }
    }

    private func refusal(_ reason: StaticString, isFramed: Bool, _ stream: UInt32) -> Endpoint {
        TextEndpoint(
            output: reason.description + "\n", exit: 1, isFramed: isFramed, stream, bridge)
    }

    private func refuse(_ stream: UInt32, _ reason: String, _ name: [UInt8]) {
        Output.say("refused " + String(decoding: name.prefix(80), as: UTF8.self) + ": " + reason)
        send(connection.refuse(stream))
    }

    /// The stream is open from now on.
    private func start(_ endpoint: Endpoint) {
        send(connection.open(endpoint.stream))
        endpoints.append(endpoint)
    }

    private func openAllowed(_ stream: UInt32, _ service: ServiceName, _ name: [UInt8]) {
        do throws(SystemCallError) {
            switch service {
            case .shell(let request): try openShell(stream, request)
            case .execute(let command):
                var request = ShellRequest(command: command)
                request.wantsTerminal = false
                try openShell(stream, request)
            case .synchronize: start(SyncEndpoint(folder: confinement, stream, bridge))
            case .sideload(let size, let blockSize):
                start(SideloadEndpoint(SideloadTransfer(size: size, blockSize: blockSize), stream, bridge))
            case .socket(let address): start(try SocketEndpoint(connect(to: address), stream, bridge))
            case .reverse(let request): start(TextEndpoint(answer(request), stream, bridge))
            case .reboot(let target): start(TextEndpoint(reboot(target), stream, bridge))
            case .root: start(TextEndpoint(becomeRoot(true), stream, bridge))
            case .unroot: start(TextEndpoint(becomeRoot(false), stream, bridge))
            }
        } catch { refuse(stream, error.description, name) }
    }

    private func openShell(_ stream: UInt32, _ request: ShellRequest) throws(SystemCallError) {
        switch BuiltInCommand(request.command) {
        case nil: start(try ShellEndpoint(request, isRoot: isRoot, stream, bridge))
        case .wrong(let reason):
            start(
                TextEndpoint(output: reason + "\n", exit: 1, isFramed: request.isFramed, stream, bridge))
        case .package(let command):
            start(
                PackageEndpoint(
                    PackageServiceRequest(command), isFramed: request.isFramed, stream, bridge))
        case .logcat(let arguments):
            start(
                LogcatEndpoint(
                    arguments, packages: ownPackages, isFramed: request.isFramed, stream, bridge))
        }
    }

    private func connect(to address: SocketAddress) throws(SystemCallError) -> FileDescriptor {
        switch address {
        case .port(let port): try StreamSocket.connect(toLoopback: port)
        case .path(let path): try StreamSocket.connect(toLocal: path, isAbstract: false)
        case .abstract(let name): try StreamSocket.connect(toLocal: name, isAbstract: true)
        }
    }

    /// Where this developer's files are, if not everywhere: `HOME/FINGERPRINT`.
    private var confinement: String? {
        guard bridge.policy.confinesFiles else { return nil }
        let name = key.map { KeyStore.fingerprint($0) } ?? "nobody"
        let folder = bridge.options.home + "/" + String(decoding: Array(name.utf8.prefix(16)), as: UTF8.self)
        try? Directory.make(folder, permissions: 0o700)
        return folder
    }

    /// The packages whose log this developer may see, as the package service notes them for each key, one id
    /// a line; nil: everything.
    private var ownPackages: [[UInt8]]? {
        guard bridge.policy.confinesLog else { return nil }
        let before = bridge.identity.become(.root)
        defer { bridge.identity.become(before) }
        let name = key.map { KeyStore.fingerprint($0) } ?? "nobody"
        let list = contents(of: bridge.options.dataDirectory + "/packages/" + name, limit: 16 * 1024)
        return list?.split(separator: 0x0a).map { Array($0) } ?? []
    }

    private func becomeRoot(_ isWanted: Bool) -> [UInt8] {
        let isAlready = isRoot == isWanted
        isRoot = isWanted
        let text =
            switch (isWanted, isAlready) {
            case (true, true): "adbd is already running as root\n"
            case (true, false): "shells and files of this connection are root's from now on\n"
            case (false, true): "adbd is already running as non root\n"
            case (false, false): "shells and files of this connection are the shell's from now on\n"
            }
        return Array(text.utf8)
    }

    private func reboot(_ target: [UInt8]) -> [UInt8] {
        guard target.isEmpty else {
            return Array(
                "this handset reboots into its system only; use `adb reboot` without a target\n".utf8)
        }
        let before = bridge.identity.become(.root)
        defer { bridge.identity.become(before) }
        do throws(SystemCallError) {
            let control = try LocalSocket(connectingTo: bridge.options.runDirectory + "/control.sock")
            _ = try control.send(ControlRequest(.reboot).encode(), waiting: true)
            guard try control.descriptor.waitUntilReadable(milliseconds: 1_000),
                let answer = try control.receive(limit: ControlReply.limit),
                let reply = try? ControlReply(decoding: answer.bytes)
            else { return Array("PID 1 does not answer\n".utf8) }
            if case .refused(let reason) = reply { return Array((reason + "\n").utf8) }
            return []
        } catch { return Array((error.description + "\n").utf8) }
    }
}

extension Peer {
    private func answer(_ request: ReverseRequest) -> [UInt8] {
        switch request {
        case .list:
            var lines: [UInt8] = []
            for listener in listeners {
                lines += Array("(reverse) ".utf8) + listener.local.text + [0x20]
                lines += listener.remote + [0x0a]
            }
            return Array(ReverseRequest.okay(lines).dropFirst(4))
        case .kill(let address):
            guard let index = listeners.firstIndex(where: { $0.local == address }) else {
                return ReverseRequest.failure("listener not found")
            }
            bridge.forget(listeners.remove(at: index))
            return ReverseRequest.okay()
        case .killAll:
            for listener in listeners { bridge.forget(listener) }
            listeners = []
            return ReverseRequest.okay()
        case .forward(let local, let remote, let mayReplace):
            if let index = listeners.firstIndex(where: { $0.local == local }) {
                guard mayReplace else { return ReverseRequest.failure("cannot rebind existing socket") }
                bridge.forget(listeners.remove(at: index))
            }
            return listen(local, remote)
        }
    }

    private func listen(_ local: SocketAddress, _ remote: [UInt8]) -> [UInt8] {
        guard listeners.count < 64 else { return ReverseRequest.failure("64 ports are reversed already") }
        do throws(SystemCallError) {
            var (address, chosen) = (local, UInt16(0))
            let socket: HeldDescriptor
            switch local {
            case .port(let port):
                socket = HeldDescriptor(try StreamSocket.listen(onLoopback: port, chosen: &chosen))
                address = .port(chosen)
            case .path(let path):
                socket = HeldDescriptor(try StreamSocket.listen(atLocal: path, isAbstract: false))
            case .abstract(let name):
                socket = HeldDescriptor(try StreamSocket.listen(atLocal: name, isAbstract: true))
            }
            let listener = ReverseListener(address, remote, socket) { [self] descriptor in
                openReverse(descriptor, remote)
            }
            try bridge.watch(number: socket.descriptor.rawValue, listener)
            listeners.append(listener)
            return ReverseRequest.okay(local == .port(0) ? Array(String(chosen).utf8) : nil)
        } catch { return ReverseRequest.failure(error.description) }
    }

    private func openReverse(_ socket: consuming FileDescriptor, _ remote: [UInt8]) {
        guard !isGone, let opened = connection.openStream(to: remote),
            let endpoint = try? SocketEndpoint(socket, opened.id, bridge)
        else { return }
        endpoints.append(endpoint)
        send(opened.packet)
    }
}
