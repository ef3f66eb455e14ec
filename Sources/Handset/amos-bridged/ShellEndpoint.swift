import Bridge
import LinuxSystem

/// A program with a terminal or pipes, for `shell:` and `exec:`.
final class ShellEndpoint: Endpoint {
    private static let readSize = 16 * 1024
    /// Ctrl-D: what a closed input is in a terminal.
    private static let endOfTransmission: [UInt8] = [4]

    private let isFramed: Bool
    private var parser = ShellParser()
    /// nil: closed, or to be as soon as nothing waits.
    private var input: HeldDescriptor?
    private var closesInput = false
    private var output: HeldDescriptor?
    private var errors: HeldDescriptor?
    private let hasTerminal: Bool
    private var pending = PendingBytes()
    private var mayRead = true
    private var process: Int32 = 0
    private var exitCode: UInt8?

    init(
        _ request: ShellRequest, isRoot: Bool, _ stream: UInt32, _ bridge: BridgeLoop
    ) throws(SystemCallError) {
        isFramed = request.isFramed
        hasTerminal = request.hasTerminal
        super.init(stream, bridge)
        if hasTerminal {
            try startInTerminal(request, isRoot)
        } else {
            try startWithPipes(request, isRoot)
        }
        bridge.adopt(process, self)
    }

    private func startInTerminal(_ request: ShellRequest, _ isRoot: Bool) throws(SystemCallError) {
        let terminal = try PseudoTerminal()
        var spawn = command(request, isRoot)
        spawn.terminal = terminal.path
        let held = HeldDescriptor(terminal.takeDescriptor())
        (input, output) = (held, held)
        try bridge.watch(number: held.descriptor.rawValue, self)
        try start(&spawn)
    }

    private func startWithPipes(_ request: ShellRequest, _ isRoot: Bool) throws(SystemCallError) {
        let toProgram = try Pipe()
        try toProgram.reading.setBlocking(true)
        try toProgram.writing.setBlocking(false)
        let fromProgram = try Pipe()
        var spawn = command(request, isRoot)
        spawn.input = toProgram.reading.rawValue
        spawn.output = fromProgram.writing.rawValue
        if isFramed {
            let errorPipe = try Pipe()
            (spawn.passed, spawn.passedAs) = (errorPipe.writing.rawValue, 2)
            try start(&spawn)
            errors = HeldDescriptor(errorPipe.takeReading())
        } else {
            try start(&spawn)
        }
        input = HeldDescriptor(toProgram.takeWriting())
        output = HeldDescriptor(fromProgram.takeReading())
        for held in [input, output, errors] {
            if let held { try bridge.watch(number: held.descriptor.rawValue, self) }
        }
    }

    private func command(_ request: ShellRequest, _ isRoot: Bool) -> ProcessSpawn {
        let text = String(decoding: request.command, as: UTF8.self)
        let arguments = request.command.isEmpty ? ["-l"] : ["-c", text]
        let options = bridge.options
        let name = isRoot || bridge.identity.isFixed ? "root" : "shell"
        var environment = [
            "HOME=" + options.home, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SHELL=" + options.shell,
            "USER=" + name, "LOGNAME=" + name, "TMPDIR=" + options.home, "LANG=C.UTF-8",
        ]
        if !request.terminalType.isEmpty {
            environment.append("TERM=" + String(decoding: request.terminalType, as: UTF8.self))
        }
        var spawn = ProcessSpawn(path: options.shell, arguments: arguments, environment: environment)
        if !isRoot, !bridge.identity.isFixed {
            let (user, group) = (bridge.identity.user, bridge.identity.group)
            // Nothing of root's is left to it, and no setuid file gives it back.
            spawn.steps = [
                .boundingCapabilities(0), .supplementaryGroups,
                .identity(user: user, group: group, keeping: 0), .noNewPrivileges,
            ]
        }
        return spawn
    }

    private func start(_ spawn: inout ProcessSpawn) throws(SystemCallError) {
        let before = bridge.identity.become(.root)
        defer { bridge.identity.become(before) }
        process = try spawn.start()
    }

    func processEnded(_ code: UInt8) {
        exitCode = code
        mayRead = true
        (input, closesInput) = (nil, false)
        pending.clear()
    }

    override func ready() { mayRead = true }
    override var unwritten: Int { pending.count }

    override func receive(_ bytes: Span<UInt8>) throws(BridgeError) {
        guard isFramed else { return write(bytes) }
        var offset = 0
        while let piece = try parser.next(bytes, from: &offset) {
            switch piece {
            case .input(let range): write(bytes.extracting(range))
            case .closeInput:
                if hasTerminal { write(Self.endOfTransmission.span) } else { closesInput = true }
                flush()
            case .windowSize(let size):
                guard hasTerminal, let output else { continue }
                output.descriptor.setWindowSize(
                    rows: size.rows, columns: size.columns, width: size.width, height: size.height)
            }
        }
    }

    private func write(_ bytes: Span<UInt8>) {
        guard let input, !closesInput else { return }
        do throws(SystemCallError) { try pending.write(bytes, to: input) } catch { closeInput() }
    }

    override func flush() {
        guard let input else { return }
        do throws(SystemCallError) { try pending.flush(to: input) } catch { return closeInput() }
        if closesInput, pending.count == 0 { closeInput() }
    }

    /// The program reads no more, or shall read an end.
    private func closeInput() {
        pending.clear()
        (input, closesInput) = (nil, false)
    }

    override func produce(into packet: inout [UInt8], limit: Int) {
        guard mayRead, !isFinished else { return }
        let isBlocked = !read(&output, .output, into: &packet, limit: limit)
        let areErrorsBlocked = !read(&errors, .errors, into: &packet, limit: limit)
        guard isBlocked, areErrorsBlocked else { return }
        mayRead = false
        // What others still hold open is not waited for: the program that was asked for has ended.
        guard let exitCode, limit - packet.count > ShellFrame.headSize else { return }
        if isFramed { ShellFrame.append(.exit, [exitCode][...], to: &packet) }
        isFinished = true
    }

    /// False: there is nothing more at the moment, or ever.
    private func read(
        _ source: inout HeldDescriptor?, _ kind: ShellFrame.Kind, into packet: inout [UInt8], limit: Int
    ) -> Bool {
        guard let open = source else { return false }
        let head = isFramed ? ShellFrame.headSize : 0
        while limit - packet.count > head {
            let frame = packet.count
            packet.grow(by: min(Self.readSize + head, limit - frame))
            let count: Int?
            do throws(SystemCallError) {
                count = try open.descriptor.readIfReady(into: &packet, from: frame + head)
            } catch {
                // EIO: nobody has the terminal open any more.
                count = 0
            }
            guard let count, count > 0 else {
                packet.removeLast(packet.count - frame)
                if count == 0 { source = nil }
                return false
            }
            packet.removeLast(packet.count - frame - head - count)
            guard isFramed else { continue }
            packet[frame] = kind.rawValue
            for index in 0..<4 { packet[frame + 1 + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
        }
        return true
    }

    /// Nobody is there to see what it does: the session is told as when a terminal goes.
    override func end() {
        if exitCode == nil, process > 0 {
            let before = bridge.identity.become(.root)
            ChildProcess.hangUp(session: process)
            bridge.identity.become(before)
        }
        (input, output, errors) = (nil, nil, nil)
        super.end()
    }
}
