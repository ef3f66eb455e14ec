import ArgumentParser
import Assembly
import DebianBase
import DeviceSpec
import Foundation

/// `amos lock`: pins the Debian packages of a device.
struct LockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Pins the Debian packages of a device, or shows what is pinned.",
        discussion: """
            NAME.lock beside the device file has version and SHA-256 of every package. While it exists,
            nothing else is used. --update resolves anew and says what changed.

            EXAMPLES
              amos lock virt-phone
              amos lock virt-phone --update
            """)

    @Argument(help: "A device file, or the name of a known device.", completion: .file(extensions: ["yaml"]))
    var device: String

    @Flag(help: "Resolve all packages anew.")
    var update = false

    @Option(help: ArgumentHelp("The Debian archive (default: the one apt uses).", valueName: "uri"))
    var mirror: String?

    @Flag(help: "Print the lock as JSON.")
    var json = false

    struct Row: Encodable {
        var name: String
        var version: String
        var sha256: String
        var size: UInt64
        var sets: [String]
    }

    func run() throws {
        let repository = DeviceRepository(shippedRoot: try AmosHome.locate().rootfs)
        let variants = try Device.Variant.allCases.map { try repository.device(device, variant: $0) }
        let file = DeviceLock.file(beside: variants[0].file)
        let wanted = PackageRequest(variants[0], variants: variants)
        let before = update ? try? PackageLock.read(from: file) : try PackageLock.read(from: file)
        var lock = before
        if update || lock == nil {
            lock = try DeviceLock.update(
                variants, wanted, file: file, mirror: mirror, cache: CacheFolder())
        }
        guard let lock else { return }
        do { try lock.check(covers: wanted, file: file) } catch {
            throw DeviceLock.located(error, in: variants)
        }
        if json {
            return try JSONOutput.print(
                lock.packages.map {
                    Row(
                        name: $0.name, version: $0.version, sha256: $0.sha256, size: $0.size,
                        sets: $0.sets.map(\.rawValue))
                })
        }
        for line in Self.changes(from: before, to: lock) { print(line) }
        let size = lock.packages.reduce(0) { $0 + $1.size }
        print("\(file): \(lock.packages.count) packages, \(Terminal.size(size))")
    }

    private static func changes(from before: PackageLock?, to lock: PackageLock) -> [String] {
        guard let before else { return [] }
        var lines: [String] = []
        for package in lock.packages {
            guard let old = before[package.name] else {
                lines.append("+ \(package.name) \(package.version)")
                continue
            }
            if old.sha256 != package.sha256 {
                lines.append("~ \(package.name) \(old.version) → \(package.version)")
            }
        }
        for package in before.packages where lock[package.name] == nil {
            lines.append("- \(package.name) \(package.version)")
        }
        return lines
    }
}
