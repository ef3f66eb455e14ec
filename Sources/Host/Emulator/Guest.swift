import Foundation
import HostSystem
import Wire

/// How one run of QEMU ended.
public enum GuestExit: Equatable, Sendable {
    case poweredOff
    /// The guest reset the machine: the loader's turn.
    case reset
    /// `stop()` was called.
    case stopped
    /// The person or the system asked `amos` itself to end.
    case interrupted(signal: Int32)
    /// QEMU ended by itself; these are its last words.
    case crashed(message: String)
}

/// Sees what the guest does while `Guest.run` runs, on the same thread, and may call the guest's functions.
public protocol GuestObserver: AnyObject {
    func guest(_ guest: Guest, printed bytes: [UInt8])
    func guest(_ guest: Guest, reported event: TimedEvent)
    /// Ten times a second.
    func guestTicked(_ guest: Guest)
}

/// One QEMU process from its start to its end: from one kernel start to the next reset or power-off.
public final class Guest {
    /// How long QEMU may take to end once it said that it will, or its control channel closed.
    private static let endMilliseconds = 5_000

    private var child: ChildProcess
    private var control: ControlChannel
    private var console: SocketPair
    private var events: SocketPair
    private var stream = EventStream()
    private let errors: ScratchFile
    private var shutdownReason = ""
    private var stopRequested = false
    private var receivedSignal: Int32?
    private var isConsoleOpen = true
    private var areEventsOpen = true

    /// Starts QEMU; `run` must follow on the same thread.
    public init(_ configuration: MachineConfiguration, starting kernel: LoadedKernel) throws(EmulatorError) {
        let program: Tool
        do {
            program = try Tool("qemu-system-aarch64", package: "qemu-system-arm")
        } catch {
            throw .tool(error)
        }
        errors = try ScratchFile()
        if let log = configuration.writeLog {
            let descriptor = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw .system(SystemError("create", log)) }
            close(descriptor)
        }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let controlPair = try SocketPair()
        console = try SocketPair()
        events = try SocketPair()
        child = try ChildProcess(
            program, configuration.arguments(starting: kernel),
            descriptors: [
                null, errors.descriptor, errors.descriptor, controlPair.childEnd, console.childEnd,
                events.childEnd,
            ])
        control = ControlChannel(controlPair)
        control.closeChildEnd()
        console.closeChildEnd()
        events.closeChildEnd()
    }

    /// Runs the guest to its end. `keyboard` reads the person's keys, `signals` is a `SignalPipe`'s
    /// descriptor.
    func run(
        _ observer: any GuestObserver, keyboard: Bool = false, signals: Int32 = -1
    ) throws(EmulatorError) -> GuestExit {
        do throws(EmulatorError) {
            try control.negotiate()
        } catch {
            child.end()
            return .crashed(message: errors.lastLines() ?? error.description)
        }
        var prefixed = false
        while control.isOpen {
            let ready = wait(for: [
                control.descriptor, isConsoleOpen ? console.ours : -1, areEventsOpen ? events.ours : -1,
                signals,
                keyboard ? 0 : -1,
            ])
            receive(observer)
            if ready[3], let number = SignalPipe.take(from: signals) {
                receivedSignal = number
                stop()
            }
            if ready[4] { readKeys(&prefixed) }
            observer.guestTicked(self)
        }
        receive(observer)
        return finish()
    }

    public func screenshot(to path: String, format: String = "png") throws(EmulatorError) {
        try control.execute("screendump", ["filename": path, "format": format])
    }

    /// A short press: the guest is asked to power off in order.
    public func pressPowerButton() throws(EmulatorError) { try control.execute("system_powerdown") }

    /// Ends it now. What the guest had not flushed is lost, as when the battery is taken out.
    public func stop() {
        guard !stopRequested else { return }
        stopRequested = true
        kill(child.id, SIGKILL)
    }

    public func type(_ bytes: [UInt8]) { _ = console.send(bytes) }

    /// Processor time that QEMU has used.
    public var processorSeconds: Double {
        Double(child.processorTicks()) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    public var malformedEvents: [String] { stream.malformed }

    private func wait(for descriptors: [Int32]) -> [Bool] {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&entries, nfds_t(entries.count), 100) > 0 else {
            return descriptors.map { _ in false }
        }
        return entries.map { $0.revents != 0 }
    }

    private func receive(_ observer: any GuestObserver) {
        for event in control.takeEvents() where event.name == "SHUTDOWN" { shutdownReason = event.reason }
        while isConsoleOpen, let bytes = console.receive() {
            if bytes.isEmpty { isConsoleOpen = false } else { observer.guest(self, printed: bytes) }
        }
        while areEventsOpen, let bytes = events.receive() {
            if bytes.isEmpty { areEventsOpen = false }
            for event in stream.append(bytes) { observer.guest(self, reported: event) }
        }
    }

    private func readKeys(_ prefixed: inout Bool) {
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(0, &buffer, buffer.count)
        guard count > 0 else { return }
        for key in ConsoleKey.parse(Array(buffer[0..<count]), prefixed: &prefixed) {
            switch key {
            case .send(let bytes): type(bytes)
            case .powerButton: try? pressPowerButton()
            case .end: stop()
            }
        }
    }

    private func finish() -> GuestExit {
        var waited = 0
        while child.poll() == nil, waited < Self.endMilliseconds {
            usleep(10_000)
            waited += 10
        }
        let status = child.poll()
        child.end()
        if let receivedSignal { return .interrupted(signal: receivedSignal) }
        if stopRequested { return .stopped }
        switch shutdownReason {
        case "guest-reset": return .reset
        case "guest-shutdown": return .poweredOff
        case "host-qmp-quit", "host-ui": return .stopped
        default:
            let how =
                status.map { $0 & 0x7f == 0 ? "status \($0 >> 8)" : "signal \($0 & 0x7f)" } ?? "no status"
            return .crashed(message: errors.lastLines() ?? "QEMU ended with \(how) and without a word")
        }
    }
}

/// An open file without a name, for a child's error output.
struct ScratchFile: ~Copyable {
    let descriptor: Int32

    init() throws(EmulatorError) {
        let template = NSTemporaryDirectory() + "/amos-qemu.XXXXXX"
        var path = template.utf8CString.map { $0 }
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw .system(SystemError("create", template)) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(path)
    }

    deinit { close(descriptor) }

    /// The end of what was written; nil if nothing was.
    func lastLines() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let size = lseek(descriptor, 0, SEEK_END)
        let count = pread(descriptor, &buffer, buffer.count, max(0, size - off_t(buffer.count)))
        guard count > 0 else { return nil }
        let text = String(decoding: buffer[0..<count], as: UTF8.self)
        return text.split(separator: "\n").suffix(3).joined(separator: "\n")
    }
}
