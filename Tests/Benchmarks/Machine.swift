import Foundation
import HostSystem

/// The machine that measured, in one line: numbers without it mean nothing.
enum Machine {
    static var description: String {
        let model = field("model name", in: "/proc/cpuinfo") ?? "unknown processor"
        let kibibytes = field("MemTotal", in: "/proc/meminfo")?.split(separator: " ").first
        let memory = Measurement.text((kibibytes.flatMap { Double($0) } ?? .nan) * 1024, .bytes)
        let kernel = text("/proc/sys/kernel/osrelease")
        let load = text("/proc/loadavg").split(separator: " ").prefix(1).joined()
        let qemu = try? Tool("qemu-system-aarch64", package: "qemu-system-arm").run(["--version"]).text
        let version = qemu?.split(separator: "\n").first.map(String.init) ?? "no QEMU"
        return "\(model), \(ProcessInfo.processInfo.activeProcessorCount) processors, "
            + "\(memory) memory, Linux \(kernel), load \(load), \(version)"
    }

    private static func text(_ path: String) -> String {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func field(_ name: String, in path: String) -> String? {
        text(path).split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: ":").last
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }
}
