import LinuxSystem
import Slots
import Wire

/// `/init` of the initramfs: from a bare kernel to a verified root with `data` mounted, then amos-init.
///
/// It never starts a shell, never waits without a limit, and believes nothing on the disk that the signed
/// command line does not vouch for. Whatever fails is named on the console and in `misc`, and the machine
/// restarts: the loader knows what to try next.
@main
enum AmosStage1 {
    static func main() {
        var reporter = Reporter()
        do throws(BootFailure) {
            try boot(&reporter)
        } catch {
            giveUp(error, &reporter)
        }
    }

    private static func boot(_ reporter: inout Reporter) throws(BootFailure) {
        try KernelFileSystems.mount()
        reporter.stage("stage1-start")
        try EarlyModules.insert(&reporter)
        let arguments = try readArguments()

        let system = try waitForPartition(arguments.slot == .a ? "system_a" : "system_b")
        let verified = try SystemPartition.verify(system, arguments.root)
        reporter.stage("root-verified")
        try SystemPartition.mount(verified)
        reporter.stage("root-mounted")
        reporter.announce(.mount(path: "/", type: "erofs", options: "ro"))

        let data = DataPartition(path: try waitForPartition("data"))
        try Initramfs.leave(to: SystemPartition.mountPoint)
        let metadata = try? Misc.read()
        try data.prepare(resetRequested: metadata?.command == .factoryReset, &reporter)
        data.grow(&reporter)

        reporter.stage("switch-root")
        reporter.leaveLines()
        reporter.close()
        throw BootFailure(
            .handoverFailed,
            Program.replaceThisProcess(
                with: "/usr/sbin/amos-init", environment: ["AMOS_SLOT=" + arguments.slot.name]))
    }

    private static func readArguments() throws(BootFailure) -> BootArguments {
        do throws(BootArguments.ParseError) {
            return try BootArguments(commandLine: commandLine())
        } catch {
            throw BootFailure(.commandLineInvalid, "read the kernel command line", error.text)
        }
    }

    /// The kernel's own limit (COMMAND_LINE_SIZE) is 2048 bytes on arm64.
    private static func commandLine() -> [UInt8] { contents(of: "/proc/cmdline", limit: 4096) ?? [] }

    /// Disks of real handsets appear some time after their driver; virtual ones with it.
    private static func waitForPartition(_ label: StaticString) throws(BootFailure) -> String {
        let limitMilliseconds: UInt64 = 5_000
        let pauseMilliseconds: UInt64 = 10
        for _ in 0...limitMilliseconds / pauseMilliseconds {
            if let device = PartitionTable.device(labelled: label) { return device }
            Machine.sleep(milliseconds: pauseMilliseconds)
        }
        throw BootFailure(
            .diskNotFound, "find partition " + label.description, "no disk has it after 5 seconds")
    }

    private static func giveUp(_ failure: BootFailure, _ reporter: inout Reporter) {
        reporter.say(failure.what + ": " + failure.why)
        reporter.announce(.failure(what: failure.what, reason: failure.why))
        do throws(SystemCallError) {
            // Without a slot on the command line the loader still sees that this boot did not become healthy.
            if let slot = BootArguments.slot(in: commandLine()) {
                let detail = Array((failure.what + ": " + failure.why).utf8)
                try Misc.update { $0.recordFailure(in: slot, failure.reason, detail: detail) }
            }
        } catch {
            reporter.say(error.description)
        }
        reporter.close()
        Machine.synchronizeDisks()
        // The kernel never refuses PID 1; if it did, returning would make it panic, and a panic restarts.
        reporter.say(Machine.restart().description)
    }
}
