import DiskImage
import Foundation
import HostSystem
import Slots

/// Runs a handset from power-on until it is switched off, through every reset on the way: the loader's loop.
public struct HandsetRun {
    public struct Options: Sendable {
        public enum Goal: Sendable {
            /// Whatever the person does, until the handset is off.
            case untilPowerOff
            /// Boot; once `isReached` says so, take the screenshot; if it says so again, press the power
            /// button. It is asked without a `screen` first, then with it.
            case untilReached(@Sendable (HandsetRecord) -> Bool)
            /// The same, but then the power goes: what the guest had not flushed is lost.
            case untilCut(@Sendable (HandsetRecord) -> Bool)

            /// Healthy: the slot is marked good.
            public static var healthy: Goal { .untilReached { $0.boots.last?.isHealthy ?? false } }
        }

        public enum AfterReset: Sendable { case bootAgain, fail }

        public var goal: Goal = .healthy
        public var afterReset: AfterReset = .bootAgain
        /// The whole run; nil: no limit.
        public var timeoutSeconds: Double? = 120
        /// Connects the person's terminal with the serial console. Ignored without a terminal.
        public var isInteractive = false
        /// SIGINT, SIGTERM and SIGHUP end the handset first, then the run returns. For the command line only.
        public var handlesSignals = false
        /// PNG, taken when the goal is reached or has failed.
        public var screenshot: String?
        /// The serial log, written as it comes.
        public var consoleLog: String?
        /// While the handset runs, this file says where other programs of this user reach it
        /// (`RunningHandset`).
        public var controlNote: String?
        public var debuggingWords: [String] = []
        /// Asked ten times a second what to type on the serial console, for those who are not at a keyboard.
        public var typing: (@Sendable (HandsetRecord) -> [UInt8])?
        /// Called with everything that happens, for a progress display.
        public var onEvent: (@Sendable (ObservedEvent) -> Void)?

        public init() {}
    }

    public let configuration: MachineConfiguration
    public let trustedKey: VerifyingKey
    public let options: Options

    public init(
        _ configuration: MachineConfiguration, trusting key: VerifyingKey, _ options: Options = Options()
    ) {
        self.configuration = configuration
        trustedKey = key
        self.options = options
    }

    /// Blocks until the handset is off. QEMU lives no longer than the calling thread.
    public func run() throws(EmulatorError) -> HandsetRecord {
        let folder = try PrivateFolder()
        var loader = try Loader(disk: configuration.disk, trusting: trustedKey, folder: folder.path)
        loader.debuggingWords = options.debuggingWords
        let watch = HandsetWatch(
            options, hasDisplay: configuration.display != nil, folder: folder.path)
        var configuration = configuration
        if let note = options.controlNote {
            configuration.controlSocket = folder.path + "/control"
            do { try OutputFile.write(folder.path + "/control\n", to: note) } catch { throw .system(error) }
        }
        defer { if let note = options.controlNote { unlink(note) } }
        let signals = options.handlesSignals ? SignalPipe() : nil
        let terminal = options.isInteractive ? RawTerminal.open() : nil
        defer { withExtendedLifetime((signals, terminal)) {} }
        watch.copiesConsole = terminal != nil
        var cause = LoaderCause.powerOn
        while true {
            let load = try loader.load(cause)
            watch.record.notes += loader.notes
            guard case .start(let slot, let kernel, _) = load else {
                if case .halt(let message) = load { watch.record.outcome = .failed(.halted(message)) }
                break
            }
            watch.begin(slot)
            let guest = try Guest(configuration, starting: kernel)
            let exit = try guest.run(watch, keyboard: terminal != nil, signals: signals?.descriptor ?? -1)
            guard watch.end(exit, guest) else { break }
            cause = .reset
        }
        return watch.finish()
    }
}
