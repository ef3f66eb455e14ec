import Bridge
import LinuxSystem

/// A request to the package service, and its answer. Without a service the answer is that there is none.
final class PackageConversation {
    private let socket: HeldDescriptor?
    private var pending = PendingBytes()
    private var reply: [UInt8] = []
    private var mayRead = true
    /// What the client is shown; nil: not decided yet.
    private(set) var line: [UInt8]?

    init(_ request: PackageServiceRequest, watcher: Watched, _ bridge: BridgeLoop) {
        // Only root may install; whether this peer may was decided before.
        let before = bridge.identity.become(.root)
        defer { bridge.identity.become(before) }
        let path = bridge.options.runDirectory + "/" + PackageServiceRequest.socketName.description
        do throws(SystemCallError) {
            let made = HeldDescriptor(
                try StreamSocket.connect(toLocal: Array(path.utf8), isAbstract: false))
            try bridge.watch(number: made.descriptor.rawValue, watcher)
            pending.add(request.encode().span)
            socket = made
        } catch {
            socket = nil
            line = Array(PackageServiceRequest.absent.description.utf8)
        }
    }

    func ready() { mayRead = true }

    /// Bytes that it has not taken; an early answer means that it wants no more.
    var unwritten: Int { line == nil ? pending.count : 0 }

    func write(_ bytes: Span<UInt8>) {
        guard line == nil, let socket else { return }
        do throws(SystemCallError) { try pending.write(bytes, to: socket) } catch { pending.clear() }
    }

    /// Writes and reads what is possible.
    func proceed() {
        guard line == nil, let socket else { return }
        do throws(SystemCallError) { try pending.flush(to: socket) } catch { pending.clear() }
        while mayRead, line == nil {
            var bytes = [UInt8](repeating: 0, count: PackageServiceRequest.replyLimit)
            do throws(SystemCallError) {
                guard let count = try socket.descriptor.readIfReady(into: &bytes, from: 0) else {
                    mayRead = false
                    return
                }
                reply += bytes.prefix(count)
                if count == 0 || reply.contains(0x0a) || reply.count >= PackageServiceRequest.replyLimit {
                    line = PackageServiceRequest.reply(reply)
                }
            } catch { line = PackageServiceRequest.reply(reply) }
        }
    }
}

/// `adb install` and `adb uninstall`: bytes in, one line out.
final class PackageEndpoint: Endpoint {
    private let isFramed: Bool
    private var parser = ShellParser()
    private var conversation: PackageConversation?
    /// Bytes of the package that have not come.
    private var left: UInt64

    init(_ request: PackageServiceRequest, isFramed: Bool, _ stream: UInt32, _ bridge: BridgeLoop) {
        self.isFramed = isFramed
        left = request.operation == .uninstall ? 0 : request.size
        super.init(stream, bridge)
        conversation = PackageConversation(request, watcher: self, bridge)
    }

    override func ready() { conversation?.ready() }
    override var unwritten: Int { conversation?.unwritten ?? 0 }
    override func flush() { conversation?.proceed() }

    override func receive(_ bytes: Span<UInt8>) throws(BridgeError) {
        guard isFramed else { return take(bytes) }
        var offset = 0
        while let piece = try parser.next(bytes, from: &offset) {
            if case .input(let range) = piece { take(bytes.extracting(range)) }
        }
    }

    private func take(_ bytes: Span<UInt8>) {
        let count = min(bytes.count, Int(clamping: left))
        left -= UInt64(count)
        if count > 0 { conversation?.write(bytes.extracting(0..<count)) }
    }

    override func produce(into packet: inout [UInt8], limit: Int) {
        conversation?.proceed()
        // adb reads nothing before it has sent everything.
        guard !isFinished, left == 0, let line = conversation?.line else { return }
        isFinished = true
        let text = line + [0x0a]
        guard isFramed else { return packet.append(contentsOf: text) }
        let isSuccess = PackageServiceRequest.isSuccess(line)
        ShellFrame.append(.output, text[...], to: &packet)
        ShellFrame.append(.exit, [isSuccess ? 0 : 1], to: &packet)
    }

    override func end() {
        conversation = nil
        super.end()
    }
}

/// `adb sideload`: asks for one block after the other.
final class SideloadEndpoint: Endpoint {
    private var transfer: SideloadTransfer
    private var conversation: PackageConversation?

    init(_ transfer: SideloadTransfer, _ stream: UInt32, _ bridge: BridgeLoop) {
        self.transfer = transfer
        super.init(stream, bridge)
        let request = PackageServiceRequest(.sideload, size: transfer.size)
        conversation = PackageConversation(request, watcher: self, bridge)
    }

    override func ready() { conversation?.ready() }
    override var unwritten: Int { conversation?.unwritten ?? 0 }
    override func flush() { conversation?.proceed() }

    override func receive(_ bytes: Span<UInt8>) throws(BridgeError) {
        guard transfer.took(bytes.count) else { throw .malformed("a block that is too long") }
        conversation?.write(bytes)
    }

    override func produce(into packet: inout [UInt8], limit: Int) {
        conversation?.proceed()
        guard !isFinished else { return }
        if let line = conversation?.line {
            isFinished = true
            let isSuccess = PackageServiceRequest.isSuccess(line)
            // The protocol has no words.
            Output.say("sideload: " + String(decoding: line, as: UTF8.self))
            packet.append(contentsOf: isSuccess ? SideloadTransfer.succeeded : SideloadTransfer.failed)
        } else if unwritten == 0, let request = transfer.nextRequest() {
            packet.append(contentsOf: request)
        }
    }

    override func end() {
        conversation = nil
        super.end()
    }
}
