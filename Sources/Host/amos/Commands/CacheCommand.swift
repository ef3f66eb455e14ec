import ArgumentParser
import Assembly
import DebianBase
import DeviceSpec
import Foundation
import HostSystem

/// `amos cache`: what this machine keeps so that it need not download or compile twice.
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Measures, cleans, exports and imports the cache of packages.",
        discussion: """
            The cache is $AMOS_CACHE, or ~/.cache/amos.

            EXAMPLES
              amos cache size
              amos cache gc
              amos cache export virt-phone virt-phone.tar   the lock and its packages, to go offline with
              amos cache import virt-phone.tar --lock devices/virt-phone.lock
            """,
        subcommands: [Size.self, Clean.self, Export.self, Import.self])

    struct Size: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Says how much is in it.")

        @Flag(help: "Print the sizes as JSON.")
        var json = false

        struct Row: Encodable {
            var part: String
            var bytes: UInt64
        }

        func run() throws {
            let cache = CacheFolder()
            let size = PackageStore(cache: cache).size()
            let rows = [
                Row(part: "packages", bytes: size.packages), Row(part: "unpacked", bytes: size.unpacked),
                Row(part: "sysroots", bytes: size.sysroots), Row(part: "package lists", bytes: size.lists),
                Row(part: "handset programs", bytes: ProgramCache(cache).bytes),
            ]
            if json { return try JSONOutput.print(rows) }
            let total = rows.reduce(0) { $0 + $1.bytes }
            let lines = (rows + [Row(part: "in all", bytes: total)]).map {
                [$0.part, Terminal.size($0.bytes)]
            }
            print(Terminal.table(lines, right: [1]))
        }
    }

    struct Clean: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "gc",
            abstract: "Removes what no known device uses and nobody used lately.")

        @Option(help: "Keep what was used within this many days.")
        var days = 30

        @Flag(help: "Remove everything: the next build downloads and compiles anew.")
        var all = false

        func run() throws {
            let cache = CacheFolder()
            let before = PackageStore(cache: cache).size().total + ProgramCache(cache).bytes
            let locks = all ? [] : try Self.knownLocks()
            _ = try PackageStore(cache: cache).collectGarbage(keeping: locks, unusedDays: all ? 0 : days)
            try ProgramCache(cache).clean(unusedDays: all ? 0 : days)
            let after = PackageStore(cache: cache).size().total + ProgramCache(cache).bytes
            print("freed \(Terminal.size(before - min(before, after))), \(Terminal.size(after)) left")
        }

        /// Locks of every device that can be named from here.
        private static func knownLocks() throws -> [PackageLock] {
            let repository = DeviceRepository(shippedRoot: try AmosHome.locate().rootfs)
            return try repository.devices().values.sorted().compactMap { file in
                try PackageLock.read(from: DeviceLock.file(beside: file))
            }
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a device's lock and all its packages into one file.")

        @Argument(help: "A device file, or the name of a known device.")
        var device: String

        @Argument(help: "The archive to write.", completion: .file())
        var archive: String

        func run() throws {
            let lockFile = try DeviceLock.file(of: device, home: try AmosHome.locate())
            guard let lock = try PackageLock.read(from: lockFile) else {
                throw WrongInput(message: "\(device) has no lock yet: run `amos lock \(device)`")
            }
            let store = PackageStore()
            try store.fetch(lock.packages)
            try store.export(lock, to: archive)
            print("wrote \(archive): \(lock.packages.count) packages")
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Brings the packages of such a file into this machine's cache.")

        @Argument(help: "The archive.", completion: .file())
        var archive: String

        @Option(help: ArgumentHelp("Also write the lock that it holds.", valueName: "file"))
        var lock: String?

        func run() throws {
            guard access(archive, R_OK) == 0 else { throw SystemError("read", archive) }
            let imported = try PackageStore().importArchive(archive)
            if let lock { try imported.write(to: lock) }
            print("imported \(imported.packages.count) packages")
        }
    }
}
