import CLinux

/// Signals as a descriptor (`signalfd(2)`): SIGCHLD, SIGTERM, SIGINT, SIGPWR. All others stay blocked.
public struct SignalDescriptor: ~Copyable {
    public let descriptor: FileDescriptor

    public init() throws(SystemCallError) {
        let fd = try retryingOnInterrupt("signalfd") { amos_signal_descriptor() }
        descriptor = FileDescriptor(owning: Int32(fd))
    }

    /// The next pending signal; nil when there is none.
    public borrowing func next() -> Int32? {
        let number = amos_next_signal(descriptor.rawValue)
        return number > 0 ? Int32(number) : nil
    }
}

/// Children of this process. They are not owned values: PID 1 inherits children that it never started.
public enum ChildProcess {
    public static let childSignal = SIGCHLD
    public static let terminateSignal = SIGTERM
    public static let interruptSignal = SIGINT
    public static let killSignal = SIGKILL

    public struct Ended: Sendable {
        public let process: Int32
        /// −1 if a signal ended it.
        public let exitCode: Int32
        /// 0 if it exited.
        public let signal: Int32
    }

    public static var thisProcess: Int32 { amos_process_id() }

    /// Whether this process is the one that will reap it. An ended one that was not reaped counts.
    public static func isChild(_ process: Int32) -> Bool { amos_is_child(process) != 0 }

    /// `waitpid(-1, …, WNOHANG)`: a child that has ended; nil when none has.
    public static func reap() -> Ended? {
        var code: Int32 = 0
        var signal: Int32 = 0
        let process = amos_reap(&code, &signal)
        return process > 0 ? Ended(process: Int32(process), exitCode: code, signal: signal) : nil
    }

    /// Whether this one has ended; it is forgotten then.
    public static func hasEnded(_ process: Int32) -> Bool { amos_reap_one(process) != 0 }

    /// `kill(2)`. A process that is gone already is fine.
    public static func send(_ signal: Int32, to process: Int32) { _ = amos_kill(process, signal) }

    /// Orphaned descendants become children of this process, as they do for PID 1.
    public static func adoptOrphans() { _ = amos_adopt_orphans() }

    /// The soft limit of open files becomes the hard one, or for the machine's PID 1 the kernel's own: a hard
    /// limit that somebody else has set is meant.
    public static func raiseDescriptorLimit(beyondHard: Bool = false) {
        _ = amos_raise_descriptor_limit(beyondHard ? 1 : 0)
    }

    /// SIGPIPE: writing to what nobody reads any more is an error of that call, not the end of this process.
    public static func ignoreBrokenPipes() { amos_ignore_broken_pipes() }

    /// `fork(2)`: runs `body` in a copy of this process, which ends with it. Of the open descriptors the copy
    /// has the standard streams and `kept`: any other would stay open, and watched, for as long as it runs.
    public static func fork(keeping kept: Int32 = -1, _ body: () -> Void) throws(SystemCallError) -> Int32 {
        let process = try retryingOnInterrupt("fork") { amos_fork(kept) }
        if process == 0 {
            body()
            amos_exit_now(0)
        }
        return Int32(process)
    }
}

extension ChildProcess {
    /// Whether any child, running or ended, is left.
    public static var hasChildren: Bool { amos_has_children() != 0 }
}

extension ChildProcess {
    /// `_exit(2)`: ends this process; nothing is flushed, because nothing here buffers.
    public static func exit(_ code: Int32) -> Never {
        amos_exit_now(code)
        while true {}
    }
}
