import LinuxSystem
import Wire

/// What `amos-init` was called with. As the handset's PID 1 it takes no arguments; for tests, measurements
/// and containers it runs as an ordinary program: `--plan FILE --run DIRECTORY [--state DIRECTORY]`.
struct Options {
    static let usage = "usage: amos-init [--plan FILE --run DIRECTORY [--state DIRECTORY]]"

    var planPath = "/usr/share/amos/boot.plan"
    /// Sockets; gone after a reboot.
    var runDirectory = "/run/amos"
    /// What outlives a reboot: stamps of one-shots that are done for good, and when timers last fired. Made
    /// when the first of them is written.
    var stateDirectory = "/data/amos/init"
    /// This is the handset's PID 1 and not a test.
    var isSystem: Bool

    /// The descriptor of a `HandoverState`: this program was another image of itself before.
    var resumed: Int32?

    /// What another image of this program calls it with.
    var handoverArguments: [String] {
        isSystem ? [] : ["--plan", planPath, "--run", runDirectory, "--state", stateDirectory]
    }

    init?(_ arguments: [String]) {
        let isFirst = ChildProcess.thisProcess == 1
        isSystem = isFirst && arguments.isEmpty
        // The kernel hands words of its command line that it does not know to PID 1: they are no arguments
        // of ours.
        guard !isFirst || arguments.first?.utf8.starts(with: "--plan".utf8) == true else {
            isSystem = true
            if arguments.count == 2, UTF8Text.equal(arguments[0], "--resume") {
                resumed = Self.descriptor(arguments[1])
            }
            return
        }
        var (plan, run, state) = (String?.none, String?.none, String?.none)
        var next = 0
        while next + 1 < arguments.count {
            let (name, value) = (arguments[next], arguments[next + 1])
            if UTF8Text.equal(name, "--plan") {
                plan = value
            } else if UTF8Text.equal(name, "--run") {
                run = value
            } else if UTF8Text.equal(name, "--state") {
                state = value
            } else if UTF8Text.equal(name, "--resume"), let number = Self.descriptor(value), number > 2 {
                resumed = number
            } else {
                return nil
            }
            next += 2
        }
        guard next == arguments.count, let plan, let run else { return nil }
        planPath = plan
        runDirectory = run
        stateDirectory = state ?? run + "/state"
    }

    /// As `handoverArguments` are followed by it: a number, in the only way to write it.
    private static func descriptor(_ text: String) -> Int32? {
        guard let number = Decimal.number(text), UTF8Text.equal(String(number), text) else {
            return nil
        }
        return Int32(exactly: number)
    }
}
