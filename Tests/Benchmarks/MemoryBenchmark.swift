import Emulator
import Foundation

/// What is resident on an idle handset, as the handset's own kernel accounts for it.
///
/// A service that no image has otherwise looks into `/proc` some seconds after `ready` and prints what it
/// finds on the console.
struct MemoryBenchmark {
    let workspace: Workspace

    static let serviceFile = "services/meter.yaml"
    private static let end = "meter end"

    private static let script = """
        exec >/dev/ttyAMA0; sleep 4; echo
        awk '{print "meter memory", $1, $2}' /proc/meminfo
        for p in /proc/[0-9]*; do
          awk -v n=$(cat $p/comm) '/^Rss/{r=$2} /^Private/{p+=$2} END{if(r)print "meter process",n,r,p}' \\
            $p/smaps_rollup 2>/dev/null
        done
        awk '{s+=$2} END{print "meter memory Modules:", int(s/1024)}' /proc/modules
        echo \(end)
        """

    /// Adds devices `virt-phone-meter` and `virt-phone-lite-meter` to the workspace.
    static func prepare(_ workspace: Workspace) throws {
        let rootfs = workspace.home + "/rootfs"
        let indented = script.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        try workspace.write(
            """
            description: Says what is in memory
            kind: one-shot
            program: /usr/bin/busybox
            arguments:
              - sh
              - -c
              - |
            \(indented)
            environment: {PATH: '/usr/sbin:/usr/bin'}
            after: [logd, network, clock]
            restart: never

            """, to: "\(rootfs)/\(serviceFile)")
        for device in ["virt-phone", "virt-phone-lite"] {
            try workspace.write(
                """
                name: \(device)-meter
                extends: \(device)
                model: \(device), measured
                variants:
                  dev:
                    services: [meter]

                """, to: "\(rootfs)/devices/\(device)-meter.yaml")
            let lock = "\(rootfs)/devices/\(device).lock"
            if access(lock, R_OK) == 0 {
                try FileManager.default.copyItem(
                    atPath: lock, toPath: "\(rootfs)/devices/\(device)-meter.lock")
            }
        }
    }

    func table(_ handset: BuiltHandset) throws -> Table {
        let record = try handset.boot(
            disk: workspace.path("memory.img"),
            until: .untilReached { $0.console.text.contains(Self.end) })
        let words = record.console.text.split(whereSeparator: \.isNewline).map { $0.split(separator: " ") }
        var memory: [Substring: Double] = [:]
        var rows: [Measurement] = []
        for line in words where line.first == "meter" {
            if line.count == 4, line[1] == "memory", let kibibytes = Double(line[3]) {
                memory[line[2]] = kibibytes * 1024
            }
            guard line.count == 5, line[1] == "process", let resident = Double(line[3]),
                let own = Double(line[4])
            else { continue }
            let limit: Double? = line[2] == "amos-init" ? 1_000_000 : nil
            var row = Measurement("\(line[2]) resident", .bytes, [resident * 1024], below: limit)
            row.add("private", Measurement.text(own * 1024, .bytes))
            rows.append(row)
        }
        let used = (memory["MemTotal:"] ?? .nan) - (memory["MemAvailable:"] ?? .nan)
        var all = [Measurement("MemTotal - MemAvailable", .bytes, [used], below: 40_000_000)]
        let names = [
            "MemTotal", "MemFree", "MemAvailable", "Cached", "AnonPages", "Slab", "SUnreclaim", "KernelStack",
            "PageTables", "VmallocUsed", "Percpu", "Shmem", "Mapped", "Modules",
        ]
        for name in names {
            guard let value = memory["\(name):"] else { continue }
            all.append(Measurement("  \(name)", .bytes, [value]))
        }
        return Table(title: "Memory of \(handset.name), idle", rows: all + rows)
    }
}
