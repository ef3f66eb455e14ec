import HostSystem

/// A package's licence text and what it says.
public struct PackageLicence: Sendable, Equatable {
    public var package: String
    /// Where the text is on this machine.
    public var storedPath: String
    /// Where a package has it, links followed: `usr/share/doc/gcc-14-base/copyright`.
    public var path: String
    /// SPDX licence expressions, sorted, each once; empty where the text is not machine-readable.
    public var expressions: [String]
}

/// Finds every package's licence text (Debian Policy 12.5), through links that lead into other packages.
public enum LicenceFiles {
    /// - Parameters:
    ///   - names: packages of the image.
    ///   - unpacked: those and the lock's `licences` set.
    public static func collect(
        for names: [String], in unpacked: [UnpackedPackage]
    ) throws(DebianError) -> [PackageLicence] {
        let tree = PathResolver(unpacked)
        let files = storedFiles(unpacked)
        var licences: [PackageLicence] = []
        for name in names.sorted() {
            guard let path = tree.resolve("usr/share/doc/\(name)/copyright"), let stored = files[path] else {
                throw .licenceMissing(package: name)
            }
            licences.append(
                PackageLicence(
                    package: name, storedPath: stored, path: path,
                    expressions: CopyrightFile(textFile(stored)).expressions))
        }
        return licences
    }

    /// The full texts that the packages' own refer to (`/usr/share/common-licenses/GPL-2`): name and place on
    /// this machine, sorted by name. Empty unless base-files is among `unpacked`.
    public static func commonTexts(in unpacked: [UnpackedPackage]) -> [(name: String, storedPath: String)] {
        let folder = "usr/share/common-licenses/"
        let tree = PathResolver(unpacked)
        let files = storedFiles(unpacked)
        let names = Set(unpacked.flatMap(\.entries).map(\.path).filter { $0.hasPrefix(folder) })
        return names.sorted().compactMap { path in
            guard let stored = tree.resolve(path).flatMap({ files[$0] }) else { return nil }
            return (String(path.dropFirst(folder.count)), stored)
        }
    }

    private static func storedFiles(_ unpacked: [UnpackedPackage]) -> [String: String] {
        var files: [String: String] = [:]
        for package in unpacked {
            for entry in package.entries where entry.path.hasPrefix("usr/share/") {
                files[entry.path] = entry.storedPath
            }
        }
        return files
    }
}
