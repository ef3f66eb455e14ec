import HostSystem

/// What a file needs of other files so that it can run.
public enum ProgramFile: Sendable, Equatable {
    case binary(ELFFile)
    /// `#!INTERPRETER ARGUMENT`
    case script(interpreter: String, argument: String?)
    case other

    public init(_ bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: ELFFile.magic) {
            self = ELFFile(bytes).map { .binary($0) } ?? .other
        } else if bytes.starts(with: Array("#!".utf8)) {
            // 256: BINPRM_BUF_SIZE, more of a first line the kernel does not read.
            let line = bytes.prefix(256).dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
            let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 1)
            guard let interpreter = words.first else {
                self = .other
                return
            }
            self = .script(
                interpreter: String(interpreter), argument: words.count > 1 ? String(words[1]) : nil)
        } else {
            self = .other
        }
    }

    /// Reads a file of the build machine.
    public static func read(_ path: String) throws(SystemError) -> ProgramFile {
        let file = try MappedFile(path)
        return file.withBytes { ProgramFile($0) }
    }
}

/// Proves that nothing is missing from a file tree that was made without Debian's package manager.
public struct ProgramNeeds: Sendable {
    public struct Missing: Sendable, Equatable, CustomStringConvertible {
        public enum Kind: Sendable, Equatable { case library, dynamicLinker, scriptInterpreter }

        /// The file that needs it; relative.
        public var path: String
        public var kind: Kind
        public var needed: String
        /// The Debian package that probably brings it.
        public var package: String?

        public var description: String {
            let hint = package.map { "; package \($0) probably brings it" } ?? ""
            return "\(path) needs \(needed), which is not in the image\(hint)"
        }
    }

    private let tree: PathResolver
    private let known: [UnpackedPackage]

    /// - Parameters:
    ///   - tree: every file, folder and link of the image.
    ///   - known: packages to look for missing files in.
    public init(tree: PathResolver, known: [UnpackedPackage] = []) {
        self.tree = tree
        self.known = known
    }

    /// What `programs` (relative path and content) need and the tree lacks, in their order.
    public func missing(_ programs: [(path: String, program: ProgramFile)]) -> [Missing] {
        programs.flatMap { path, program in
            switch program {
            case .binary(let file): missing(of: file, path)
            case .script(let interpreter, let argument):
                missing(of: interpreter, argument, path)
            case .other: [Missing]()
            }
        }
    }

    private func missing(of file: ELFFile, _ path: String) -> [Missing] {
        var found: [Missing] = []
        if let linker = file.interpreter, tree.resolve(linker) == nil {
            found.append(missing(linker, .dynamicLinker, path))
        }
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        let own = file.searchPaths.map {
            $0.replacing("${ORIGIN}", with: folder).replacing("$ORIGIN", with: folder)
        }
        for name in file.needed {
            let candidates =
                name.contains("/")
                ? [name] : (own + Self.libraryFolders(machine: file.machine)).map { "\($0)/\(name)" }
            if candidates.allSatisfy({ tree.resolve($0) == nil }) {
                found.append(missing(name, .library, path))
            }
        }
        return found
    }

    private func missing(of interpreter: String, _ argument: String?, _ path: String) -> [Missing] {
        guard let program = tree.resolve(interpreter) else {
            return [missing(interpreter, .scriptInterpreter, path)]
        }
        // `#!/usr/bin/env NAME` looks NAME up in PATH.
        guard program.hasSuffix("/env"),
            let name = argument?.split(separator: " ").first(where: { $0 != "-S" })
        else { return [] }
        let isThere = ["usr/bin", "usr/sbin"].contains { tree.resolve("\($0)/\(name)") != nil }
        return isThere ? [] : [missing(String(name), .scriptInterpreter, path)]
    }

    private func missing(_ needed: String, _ kind: Missing.Kind, _ path: String) -> Missing {
        let name = needed.split(separator: "/").last.map(String.init) ?? needed
        let holder = known.first { package in
            package.entries.contains { $0.path.hasSuffix("/" + name) && $0.kind != .directory }
        }
        return Missing(
            path: path, kind: kind, needed: needed,
            package: holder?.package.name ?? (kind == .library ? Self.debianName(ofLibrary: name) : nil))
    }

    /// Where the dynamic linkers of glibc and musl look (ld.so(8); Debian's multiarch folders).
    private static func libraryFolders(machine: UInt16) -> [String] {
        let names: [UInt16: [String]] = [
            3: ["i386-linux-gnu"], 40: ["arm-linux-gnueabihf"], 62: ["x86_64-linux-gnu"],
            183: ["aarch64-linux-gnu"], 243: ["riscv64-linux-gnu"],
        ]
        return (names[machine] ?? []).map { "usr/lib/\($0)" } + ["usr/lib", "usr/local/lib"]
    }

    /// Debian names a library's package after its soname (Policy 8.1): libfoo.so.1 → libfoo1, libfoo2.so.1 →
    /// libfoo2-1.
    static func debianName(ofLibrary name: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let so = parts.firstIndex(of: "so"), so > 0, so + 1 < parts.count else { return nil }
        let stem = parts[..<so].joined(separator: ".").lowercased().replacing("_", with: "-")
        let version = parts[(so + 1)...].joined(separator: ".")
        return (stem.last?.isNumber ?? false) ? "\(stem)-\(version)" : stem + version
    }
}
