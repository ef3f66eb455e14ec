import CArchive
import DebianBase
import DeviceSpec
import Foundation
import HostSystem

/// The modules that a kernel package offers, and the closure of those that a device asks for.
///
/// Debian runs `depmod` when a kernel is installed, which never happens here; the same facts stand in each
/// module's own `.modinfo`, so only the modules of the closure are read.
final class KernelModules {
    struct Module: Equatable {
        /// As the kernel spells it: `dm_verity`.
        let name: String
        /// Relative to the kernel's module folder: `kernel/drivers/md/dm-verity.ko`.
        let path: String
        /// Plain ELF without signature.
        let bytes: [UInt8]
    }

    /// `6.12…-arm64`
    let release: String
    /// Kernel spelling → path below the release's folder, and where its bytes are.
    private let files: [String: (path: String, stored: String)]
    private let builtIn: Set<String>
    private var loaded: [String: (module: Module, information: ModuleInformation)] = [:]
    private var cryptoAliases: [String: String]?

    /// - Parameter package: the kernel package; its modules lie in `usr/lib/modules/RELEASE/kernel`.
    init(package: UnpackedPackage) throws {
        var files: [String: (path: String, stored: String)] = [:]
        var release = ""
        var builtIn: Set<String> = []
        for entry in package.entries {
            let names = entry.path.split(separator: "/", maxSplits: 4)
            guard entry.path.hasPrefix("usr/lib/modules/"), names.count == 5, let stored = entry.storedPath
            else { continue }
            release = String(names[3])
            if names[4] == "modules.builtin" { builtIn = try Self.builtInNames(stored) }
            guard let file = names[4].split(separator: "/").last, let dot = file.range(of: ".ko") else {
                continue
            }
            files[Self.canonical(String(file[..<dot.lowerBound]))] = (String(names[4]), stored)
        }
        guard !files.isEmpty else { throw Failure.noModules(package: package.package.name) }
        self.files = files
        self.release = release
        self.builtIn = builtIn
    }

    private static func builtInNames(_ list: String) throws -> Set<String> {
        let lines = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
        return Set(
            lines.compactMap { $0.split(separator: "/").last }.map { canonical(String($0.dropLast(3))) })
    }

    /// `-` and `_` are the same letter in a module's name.
    static func canonical(_ name: String) -> String { name.replacing("-", with: "_") }

    /// Dependencies first, in the order of the request; modules in `excluding` are there already.
    func closure(of names: [Located<String>], excluding: Set<String> = []) throws -> [Module] {
        var order: [Module] = []
        var visited = excluding
        var unknown: [Diagnostic] = []
        for name in names {
            let canonical = Self.canonical(name.value)
            guard files[canonical] != nil || builtIn.contains(canonical) else {
                unknown.append(
                    Diagnostic(
                        "the kernel \(release) has no module '\(name.value)'", at: name.location,
                        expected: "a module's name without .ko",
                        suggestion: NearestName.of(name.value, among: files.keys.sorted())))
                continue
            }
            try visit(canonical, visited: &visited, order: &order)
        }
        guard unknown.isEmpty else { throw DiagnosticList(unknown) }
        return order
    }

    private func visit(_ name: String, visited: inout Set<String>, order: inout [Module]) throws {
        guard files[name] != nil, visited.insert(name).inserted else { return }
        let (module, information) = try load(name)
        for soft in information.softDependencies {
            let target = Self.canonical(soft)
            if files[target] != nil {
                try visit(target, visited: &visited, order: &order)
            } else if !builtIn.contains(target), let provider = try provider(of: soft) {
                try visit(provider, visited: &visited, order: &order)
            }
        }
        for dependency in information.dependencies {
            try visit(Self.canonical(dependency), visited: &visited, order: &order)
        }
        order.append(module)
    }

    private func load(_ name: String) throws -> (module: Module, information: ModuleInformation) {
        if let known = loaded[name] { return known }
        guard let (path, stored) = files[name] else { throw Failure.unreadable(path: name) }
        let bytes = ModuleInformation.withoutSignature(try Self.decompressed(stored))
        guard let information = ModuleInformation(bytes) else { throw Failure.unreadable(path: stored) }
        let plain = String(path[..<(path.range(of: ".ko")?.upperBound ?? path.endIndex)])
        loaded[name] = (Module(name: name, path: plain, bytes: bytes), information)
        return (Module(name: name, path: plain, bytes: bytes), information)
    }

    /// Some soft dependencies name an algorithm (`crc32c`); the crypto modules carry those names as aliases.
    /// The generic implementation is the one every processor runs, and its folder is small enough to read
    /// whole.
    private func provider(of alias: String) throws -> String? {
        if cryptoAliases == nil {
            var table: [String: String] = [:]
            for (name, file) in files.sorted(by: { $0.key < $1.key })
            where file.path.hasPrefix("kernel/crypto/") {
                for alias in try load(name).information.aliases where table[alias] == nil {
                    table[alias] = name
                }
            }
            cryptoAliases = table
        }
        return cryptoAliases?[alias]
    }

    enum Failure: Error, CustomStringConvertible {
        case unreadable(path: String)
        case noModules(package: String)

        var description: String {
            switch self {
            case .unreadable(let path):
                "\(path) is not a kernel module; the cached package is damaged: `amos cache gc --all` "
                    + "and build again"
            case .noModules(let package):
                "the package \(package) holds no kernel modules; name a kernel image in kernel.package"
            }
        }
    }

    /// Whatever compression Debian uses, libarchive knows it; a plain file passes through.
    static func decompressed(_ path: String) throws -> [UInt8] {
        guard let archive = archive_read_new() else { throw Failure.unreadable(path: path) }
        defer { archive_read_free(archive) }
        archive_read_support_filter_all(archive)
        archive_read_support_format_raw(archive)
        var entry: OpaquePointer?
        guard archive_read_open_filename(archive, path, 1 << 16) == ARCHIVE_OK,
            archive_read_next_header(archive, &entry) == ARCHIVE_OK
        else { throw Failure.unreadable(path: path) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = archive_read_data(archive, &buffer, buffer.count)
            guard count >= 0 else { throw Failure.unreadable(path: path) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }
}
