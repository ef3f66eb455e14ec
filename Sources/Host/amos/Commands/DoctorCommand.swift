import ArgumentParser
import Assembly
import DebianBase
import Foundation
import HostSystem

/// `amos doctor`: what this machine lacks, and the command that mends it.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks what this machine has, and says how to get what it lacks.",
        discussion: """
            Exits with status 1 if something that building or booting needs is missing.

            EXAMPLES
              amos doctor
              amos doctor --json
            """)

    @Flag(help: "Print the findings as JSON.")
    var json = false

    struct Finding: Encodable {
        var subject: String
        var isPresent: Bool
        var isRequired: Bool
        var detail: String
        var mend: String?
    }

    func run() throws {
        let findings = tools() + [toolchain(), home(), mirror(), cache(), space()]
        if json {
            try JSONOutput.print(findings)
        } else {
            for finding in findings { show(finding) }
        }
        if findings.contains(where: { $0.isRequired && !$0.isPresent }) { throw ExitCode(ExitStatus.failure) }
    }

    private func show(_ finding: Finding) {
        let mark =
            finding.isPresent
            ? Terminal.styled("✓", .green)
            : finding.isRequired ? Terminal.styled("✗", .red) : Terminal.styled("–", .yellow)
        print("\(mark) \(finding.subject): \(finding.detail)")
        if let mend = finding.mend { print("    \(mend)") }
    }

    private func tools() -> [Finding] {
        let needed: [(program: String, package: String, purpose: String, isRequired: Bool)] = [
            ("apt-get", "apt", "resolves and downloads Debian packages", true),
            ("mke2fs", "e2fsprogs", "makes the data file system", true),
            ("qemu-system-aarch64", "qemu-system-arm", "boots handsets", true),
            ("adb", "adb", "reaches a running handset: amos shell, push, pull, install, log", false),
            ("qemu-aarch64", "qemu-user", "runs apps on this machine", false),
            ("qemu-img", "qemu-utils", "checks qcow2 images in the tests", false),
            ("fsck.erofs", "erofs-utils", "checks images in the tests", false),
            ("veritysetup", "cryptsetup-bin", "checks images in the tests", false),
            ("faketime", "faketime", "changes the clock for `amos build --verify`", false),
        ]
        return needed.map { tool in
            let path = (try? Tool(tool.program, package: tool.package))?.path
            return Finding(
                subject: tool.program, isPresent: path != nil, isRequired: tool.isRequired,
                detail: path ?? "missing; \(tool.purpose)",
                mend: path == nil ? "apt-get install \(tool.package)" : nil)
        }
    }

    private func toolchain() -> Finding {
        do {
            _ = try Toolchain.find()
            return Finding(
                subject: "Swift toolchain", isPresent: true, isRequired: true,
                detail: "has Embedded Swift for arm64")
        } catch {
            return Finding(
                subject: "Swift toolchain", isPresent: false, isRequired: true, detail: "\(error)",
                mend: "install Swift 6.3 from swift.org and put its usr/bin on PATH")
        }
    }

    private func home() -> Finding {
        do {
            let home = try AmosHome.locate()
            return Finding(subject: "shipped devices", isPresent: true, isRequired: true, detail: home.rootfs)
        } catch {
            return Finding(
                subject: "shipped devices", isPresent: false, isRequired: true, detail: "\(error)",
                mend: "export AMOS_HOME=<the folder of the Amos package>")
        }
    }
}

extension DoctorCommand {
    private func mirror() -> Finding {
        do {
            let mirror = try Mirror.find()
            return Finding(
                subject: "Debian archive", isPresent: true, isRequired: false, detail: mirror.address)
        } catch {
            return Finding(
                subject: "Debian archive", isPresent: false, isRequired: false, detail: "\(error)",
                mend: "pass --mirror URI, or export AMOS_MIRROR=URI")
        }
    }

    private func cache() -> Finding {
        let cache = CacheFolder()
        try? FileManager.default.createDirectory(atPath: cache.path, withIntermediateDirectories: true)
        let isWritable = access(cache.path, W_OK) == 0
        return Finding(
            subject: "cache", isPresent: isWritable, isRequired: true,
            detail: cache.path + (isWritable ? "" : " cannot be written"),
            mend: isWritable ? nil : "export AMOS_CACHE=<a folder of yours>")
    }

    /// What one device with its packages, programs and images takes, with room for a second.
    private static let comfortableBytes: UInt64 = 4 << 30

    private func space() -> Finding {
        var status = statvfs()
        var place = CacheFolder().path
        // One that does not exist yet will be made where the next one above is.
        while statvfs(place, &status) != 0, place != "/" {
            place = URL(fileURLWithPath: place).deletingLastPathComponent().path
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let isEnough = free >= Self.comfortableBytes
        return Finding(
            subject: "free space", isPresent: isEnough, isRequired: false, detail: Terminal.size(free),
            mend: isEnough ? nil : "amos cache gc")
    }
}
