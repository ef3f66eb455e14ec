import Assembly
import DiskImage
import Emulator
import Foundation
import Services

/// The same services under other inits, on the same kernel and disk layout: what each needs from its own
/// `execve` until all of them run, in instructions.
///
/// The other inits get the work that amos-init does by itself as a script, in the shell that BusyBox has:
/// mounts, name, loopback, late modules (behind the services' backs, as amos-init inserts them). They know no
/// readiness: their services are started, not ready. A last service tells what the kernel's clock says.
struct HandsetInitBenchmark {
    let workspace: Workspace
    let runs: Int

    private struct Contender {
        let name: String
        /// Of the device, and of what is started in the place of amos-init.
        let word: String
    }

    private static let contenders = [
        Contender(name: "amos-init", word: "amos"), Contender(name: "BusyBox init", word: "busybox"),
        Contender(name: "finit", word: "finit"),
    ]
    private static let mark = "marker: now at "

    enum Failure: Error, CustomStringConvertible {
        case noPlan(String)
        case noMark(String, HandsetOutcome)

        var description: String {
            switch self {
            case .noPlan(let name): "the image of \(name) has no boot plan"
            case .noMark(let name, let outcome): "under \(name) the services did not all start: \(outcome)"
            }
        }
    }

    func table() throws -> Table {
        try HandsetInitFiles(workspace: workspace).write()
        var rows: [Measurement] = []
        for contender in Self.contenders {
            let handset = try build(contender)
            var row = Measurement(contender.name, .instructions, [])
            row.statistic = .least
            for _ in 0..<runs { row.samples.append(try cost(of: handset)) }
            rows.append(row)
        }
        let own = rows[0].result
        for index in rows.indices { rows[index].add("times amos-init", ratio: rows[index].result / own) }
        return Table(
            title: "Instructions from the init's execve until logd, network and clock run (-icount)",
            remark: "virt-phone with other inits in the place of amos-init; the least of all runs.",
            rows: rows)
    }

    /// Which late modules there are, and in which order, stands in the plan of the image itself.
    private func build(_ contender: Contender) throws -> BuiltHandset {
        var request = ImageBuilder.Request(device: "init-" + contender.word, variant: .dev)
        request.outputFolder = workspace.path("init-" + contender.word)
        let first = BuiltHandset(name: contender.name, image: try workspace.image(request))
        let system = try first.partition("system_a")
        let reader = try EROFSReader(first.image.diskImage, at: system.offset)
        guard let entry = try reader.entries().first(where: { $0.path == "usr/share/amos/boot.plan" }) else {
            throw Failure.noPlan(contender.name)
        }
        let plan = try BootPlan.decode(reader.contents(of: entry))
        try HandsetInitFiles(workspace: workspace).write(lateModules: plan.lateModules)
        return BuiltHandset(name: contender.name, image: try workspace.image(request))
    }

    private func cost(of handset: BuiltHandset) throws -> Double {
        let disk = workspace.path("init.img")
        try RunDisk.copy(handset.image.diskImage, to: disk)
        var machine = MachineConfiguration(handset.image.device, disk: disk)
        machine.countsInstructions = true
        var options = HandsetRun.Options()
        options.goal = .untilCut { Self.markedNanoseconds(in: $0) != nil }
        options.afterReset = .fail
        options.handlesSignals = true
        options.timeoutSeconds = 180
        let record = try HandsetRun(machine, trusting: handset.image.trustedKey, options).run()
        let start = record.events.first { $0.event == .stage(name: "switch-root") }?.timed.nanoseconds
        guard let start, let end = Self.markedNanoseconds(in: record), end > start else {
            throw Failure.noMark(handset.name, record.outcome)
        }
        return Double(end - start)
    }

    private static func markedNanoseconds(in record: HandsetRecord) -> UInt64? {
        guard let mark = record.console.text.range(of: mark) else { return nil }
        let rest = record.console.text[mark.upperBound...].prefix(while: { $0 != "\n" })
        // Not before the whole line is there.
        guard rest.contains("nsecs") else { return nil }
        return UInt64(rest.prefix(while: \.isNumber))
    }
}

/// What the devices of the comparison are made of.
private struct HandsetInitFiles {
    let workspace: Workspace

    private var rootfs: String { workspace.home + "/rootfs" }

    func write() throws {
        try workspace.makeFolder(rootfs + "/inits")
        try workspace.write(Self.markerService, to: rootfs + "/services/marker.yaml")
        try writeProgram("marker", Self.marker)
        try writeProgram("rc-busybox", Self.setUp + Self.modules)
        try writeProgram("rc-finit", "mkdir -p /run/amos\n" + Self.modules)
        try writeProgram("begin-busybox", "exec /usr/bin/busybox init\n")
        try writeProgram("begin-finit", "exec /usr/sbin/finit\n")
        try workspace.write(Self.inittab, to: rootfs + "/inits/inittab")
        try workspace.write(Self.finit, to: rootfs + "/inits/finit.conf")
        try workspace.write("", to: rootfs + "/inits/fstab")
        try write(lateModules: [])
        try writeDevice("amos", "    services: [marker]\n", [("marker", "/usr/libexec/marker")])
        let common = [("marker", "/usr/libexec/marker"), ("late-modules", "/usr/share/late-modules")]
        try writeDevice(
            "busybox", "",
            common + [
                ("rc-busybox", "/usr/libexec/rc"), ("inittab", "/etc/inittab"),
                ("begin-busybox", "/usr/sbin/amos-init"),
            ])
        try writeDevice(
            "finit", "    packages: [finit]\n",
            common + [
                ("rc-finit", "/usr/libexec/rc"), ("finit.conf", "/etc/finit.conf"), ("fstab", "/etc/fstab"),
                ("begin-finit", "/usr/sbin/amos-init"),
            ])
    }

    func write(lateModules: [String]) throws {
        let lines = lateModules.map { $0 + "\n" }.joined()
        try workspace.write(lines, to: rootfs + "/inits/late-modules")
    }

    private func writeProgram(_ name: String, _ script: String) throws {
        try PeerProgram.write(
            "#!/usr/bin/busybox sh\n" + script, to: "\(rootfs)/inits/\(name)", executable: true)
    }

    private func writeDevice(_ word: String, _ more: String, _ files: [(String, String)]) throws {
        let copies = files.map { "        - {from: ../inits/\($0.0), to: \($0.1)}\n" }.joined()
        try workspace.write(
            """
            name: init-\(word)
            extends: virt-phone
            model: virt-phone under another init
            variants:
              dev:
                remove: {services: [shell], checks: [service shell]}
            \(more)    files:
                  copy:
            \(copies)
            """, to: "\(rootfs)/devices/init-\(word).yaml")
    }

    private static let markerService = """
        description: Says when everything runs
        program: /usr/libexec/marker
        after: [logd, network, clock]
        restart: never

        """

    /// The third line of this file is `now at NANOSECONDS nsecs`, by CLOCK_MONOTONIC.
    private static let marker = """
        { read -r version; read -r bases; read -r now; } </proc/timer_list
        echo "marker: $now" >/dev/ttyAMA0
        exec sleep 100000

        """

    private static let setUp = """
        mount -t tmpfs -o nosuid,nodev,mode=0755 run /run
        mount -t tmpfs -o nosuid,nodev,mode=1777 tmp /tmp
        mkdir -p /dev/pts /dev/shm /run/amos
        mount -t devpts devpts /dev/pts
        mount -t tmpfs shm /dev/shm
        mount -t cgroup2 cgroup /sys/fs/cgroup
        hostname virt-phone
        ifconfig lo up

        """

    private static let modules = """
        for module in $(cat /usr/share/late-modules); do busybox insmod $module; done &

        """

    private static let services = [
        ("logd", "/usr/libexec/amos/amos-logd"),
        ("network", "/usr/sbin/dhcpcd -B -f /etc/dhcpcd.conf eth0"),
        ("clock", "/usr/libexec/amos/amos-clockd 0.pool.ntp.org 1.pool.ntp.org"),
        ("marker", "/usr/libexec/marker"),
    ]

    private static let inittab =
        "::sysinit:/usr/libexec/rc\n" + services.map { "::respawn:\($0.1)\n" }.joined()

    private static let finit =
        "runlevel 2\nrun [S] /usr/libexec/rc -- modules\n"
        + services.map { "service [2] log:null name:\($0.0) \($0.1) -- \($0.0)\n" }.joined()
}
