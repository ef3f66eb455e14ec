import Foundation
import HostSystem

/// The lock as a text file. Sorted, one package a line, no host name, so that a change reads well in a
/// review:
///
///     amos-lock 1
///     suite trixie
///     components main
///     architecture arm64
///     package NAME VERSION ARCHITECTURE SIZE SHA256 SETS SOURCE NEEDS PATH
///
/// Fields are separated by one space; SETS and NEEDS are joined by commas, `-` where there are none. Lines
/// that start with `#` say something to people.
extension PackageLock {
    private static let heading = "amos-lock 1"
    private static let note =
        "# Pins every Debian package of this device. Written by `amos lock`; `amos lock --update` renews it."
    /// A lock has a few hundred lines; anything longer is no lock.
    private static let byteLimit = 16 << 20

    /// Reads `path`; nil if there is no such file.
    public static func read(from path: String) throws(DebianError) -> PackageLock? {
        guard access(path, F_OK) == 0 else { return nil }
        let file = try wrapping { () throws(SystemError) in try MappedFile(path) }
        guard file.count <= byteLimit else {
            throw .lockSyntax(file: path, line: 1, message: "this is too large for a lock file")
        }
        return try parse(file.text, file: path)
    }

    /// Replaces `path` whole.
    public func write(to path: String) throws(DebianError) {
        try wrapping { () throws(SystemError) in
            let output = try OutputFile(replacing: path)
            try output.write(Array(text.utf8), at: 0)
            try output.commit()
        }
    }

    public var text: String {
        var lines = [
            Self.heading, Self.note, "suite \(suite)", "components \(components.joined(separator: ","))",
            "architecture \(architecture)",
        ]
        for package in packages {
            let fields = [
                "package", package.name, package.version, package.architecture, String(package.size),
                package.sha256, Self.join(package.sets.sorted().map(\.rawValue)), package.source,
                Self.join(package.needs), package.path,
            ]
            lines.append(fields.joined(separator: " "))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    public static func parse(_ text: String, file: String) throws(DebianError) -> PackageLock {
        var reader = LockReader(file: file)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            try reader.take(line, number: number + 1, heading: heading)
        }
        return try reader.finish(lineCount: lines.count)
    }

    private static func join(_ items: [String]) -> String {
        items.isEmpty ? "-" : items.joined(separator: ",")
    }
}

/// Takes a lock's lines one by one and refuses whatever `PackageLock.text` would not have written.
private struct LockReader {
    let file: String
    private var header: [String: String] = [:]
    private var packages: [LockedPackage] = []
    private var lineOf: [String: Int] = [:]

    init(file: String) { self.file = file }

    mutating func take(_ line: Substring, number: Int, heading: String) throws(DebianError) {
        if number == 1 {
            guard line == heading else {
                throw error(1, "the first line must be \"\(heading)\"")
            }
            return
        }
        if line.isEmpty || line.hasPrefix("#") { return }
        let fields = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        switch fields[0] {
        case "suite", "components", "architecture":
            guard fields.count == 2, !fields[1].isEmpty, header[fields[0]] == nil else {
                throw error(number, "\(fields[0]) takes one value, once")
            }
            header[fields[0]] = fields[1]
        case "package":
            try takePackage(fields, number: number)
        default:
            throw error(number, "\"\(fields[0])\" is none of suite, components, architecture, package")
        }
    }

    private mutating func takePackage(_ fields: [String], number: Int) throws(DebianError) {
        guard fields.count == 10, !fields.contains("") else {
            throw error(number, "a package line has 10 fields, this one has \(fields.count)")
        }
        guard let size = UInt64(fields[4]), size > 0 else {
            throw error(number, "\"\(fields[4])\" is not a size in bytes")
        }
        guard SHA256Digest(hex: fields[5])?.description == fields[5] else {
            throw error(number, "\"\(fields[5])\" is not a SHA-256 in lower-case hex")
        }
        var sets: [PackageSet] = []
        for name in Self.list(fields[6]) {
            guard let set = PackageSet(rawValue: name) else {
                throw error(number, "\"\(name)\" is none of image, kernel, licences, sysroot")
            }
            sets.append(set)
        }
        let steps = fields[9].split(separator: "/", omittingEmptySubsequences: false)
        guard !steps.contains(""), !steps.contains(".."), !steps.contains(".") else {
            throw error(number, "\"\(fields[9])\" is not a path below the mirror")
        }
        guard lineOf.updateValue(number, forKey: fields[1]) == nil else {
            throw error(number, "\(fields[1]) is pinned twice")
        }
        packages.append(
            LockedPackage(
                name: fields[1], version: fields[2], architecture: fields[3], size: size,
                sha256: fields[5], sets: sets, source: fields[7], needs: Self.list(fields[8]),
                path: fields[9]))
    }

    func finish(lineCount: Int) throws(DebianError) -> PackageLock {
        guard let suite = header["suite"], let components = header["components"],
            let architecture = header["architecture"]
        else { throw error(lineCount, "suite, components or architecture is missing") }
        for package in packages {
            for need in package.needs where lineOf[need] == nil {
                throw error(
                    lineOf[package.name] ?? 1, "\(package.name) needs \(need), which is not pinned")
            }
        }
        return PackageLock(
            suite: suite, components: Self.list(components), architecture: architecture, packages: packages)
    }

    private static func list(_ field: String) -> [String] {
        field == "-" ? [] : field.split(separator: ",").map(String.init)
    }

    private func error(_ line: Int, _ message: String) -> DebianError {
        .lockSyntax(file: file, line: line, message: message)
    }
}
