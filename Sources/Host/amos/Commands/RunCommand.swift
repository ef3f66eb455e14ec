import ArgumentParser
import Assembly
import DeviceSpec
import DiskImage
import Emulator
import Foundation
import HostSystem

/// `amos run`: builds a device if needed and boots it.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Builds a device if needed, boots it in QEMU, and connects this terminal with its console.",
        discussion: """
            Without a terminal it boots, prints the verdict and the boot timings, and powers off.
            The handset keeps what it did (out/DEVICE/run.img) until its image changes or --fresh is given.
            In the console, Ctrl-A p presses the power button, Ctrl-A x ends the handset at once.

            EXAMPLES
              amos run virt-phone
              amos run virt-phone-lite --headless --screenshot lite.png
              amos run virt-phone -- -d guest_errors
            """)

    @OptionGroup var options: DeviceOptions

    @Flag(help: "No window and no console: boot, print the verdict, power off.")
    var headless = false

    @Flag(help: "Forget what the handset did so far.")
    var fresh = false

    @Option(help: ArgumentHelp("Save the screen as a PNG when the handset is healthy.", valueName: "file"))
    var screenshot: String?

    @Option(help: "Give up after this many seconds (default: 120 without a console, never with one).")
    var timeout: Double?

    @Argument(parsing: .postTerminator, help: "Further options for QEMU.")
    var qemuOptions: [String] = []

    func run() throws {
        let handset = try Handset(options, disk: "run.img", fresh: fresh)
        let isInteractive = Terminal.isInteractive && !headless
        var run = HandsetRun.Options()
        run.goal = isInteractive ? .untilPowerOff : .healthy
        run.isInteractive = isInteractive
        run.handlesSignals = true
        run.timeoutSeconds = timeout ?? (isInteractive ? nil : 120)
        run.screenshot = screenshot
        run.controlNote = RunningHandset.note(in: handset.image.folder)
        var machine = handset.machine
        machine.extraArguments = qemuOptions
        let bridge = try BridgeAccess(handset.image.device, folder: handset.image.folder, machine: &machine)
        defer { bridge?.forget() }
        machine.showsWindow = isInteractive && MachineConfiguration.canShowWindow()
        if isInteractive {
            let help = "booting \(handset.image.device.name); Ctrl-A p is its power button, Ctrl-A x ends it"
            Terminal.printError(Terminal.styled(help, .faint, on: Terminal.isError))
            printConnect(bridge)
        }
        let record = try HandsetRun(machine, trusting: handset.trustedKey, run).run()
        for note in record.notes { Terminal.printError(note) }
        if isInteractive, record.outcome == .stopped { return }
        Handset.printVerdict(record)
        if record.outcome != .poweredOff { throw ExitCode(ExitStatus.failure) }
    }

    private func printConnect(_ bridge: BridgeAccess?) {
        guard let address = bridge?.address else { return }
        let help = "adb connect \(address)    or: amos shell \(options.device)"
        Terminal.printError(Terminal.styled(help, .faint, on: Terminal.isError))
    }
}

/// A built device, ready to be switched on.
struct Handset: ~Copyable {
    let image: ImageBuilder.Result
    let machine: MachineConfiguration
    /// One run at a time: loader and QEMU write to the disk.
    private let turn: FileLock
    var trustedKey: VerifyingKey { image.trustedKey }

    /// - Parameter name: of the disk that it runs on, a copy of the built one beside it.
    init(_ options: DeviceOptions, disk name: String, fresh: Bool) throws {
        let image = try ImageBuilder.buildShowingProgress(try options.request())
        let disk = "\(image.folder)/\(name)"
        guard let turn = try FileLock(ifFree: "\(image.folder)/.amos/\(name).lock") else {
            throw AlreadyRunning(disk: disk)
        }
        try RunDisk.prepare(disk, from: image.diskImage, fresh: fresh)
        self.turn = turn
        self.image = image
        machine = MachineConfiguration(image.device, disk: disk)
    }

    struct AlreadyRunning: Error, CustomStringConvertible {
        let disk: String

        var description: String {
            "a handset is running on \(disk) already: power it off, or give this one another folder with -o"
        }
    }

    /// Removes the disk.
    func forget() { for file in [machine.disk, machine.disk + ".source"] { unlink(file) } }

    static func printVerdict(_ record: HandsetRecord) {
        for boot in record.boots { print(BootReport(boot).summary) }
        let isGood = record.outcome == .poweredOff
        let verdict = isGood ? Terminal.styled("ok", .green) : Terminal.styled("failed", .red)
        print("\(verdict): \(record.outcome)")
    }
}
