import Foundation
import HostSystem
import Packages
import Packaging
import Trust

// The index of packages, made anew at each publication.
extension RepositoryFolder {
    /// Writes the index of these targets and describes it. Files that are no packages are not in it.
    func makeIndex(of files: [String: FileBody]) throws -> FileBody {
        var packages: [IndexedPackage] = []
        for (path, body) in files {
            let file = "\(targets)/\(body.fetchName(of: path))"
            guard PackageFile.isPackage(file) else { continue }
            let package = try Self.sound(file)
            guard let digest = SHA256Digest(hex: body.hashes["sha256"] ?? "") else {
                throw RepositoryError.trust(.unknownHash(file: path))
            }
            packages.append(
                IndexedPackage(
                    path: path, length: UInt64(body.length), digest: digest.bytes,
                    manifest: package.head.manifestBytes, signatures: package.head.signatures.encode()))
        }
        guard packages.count <= RepositoryIndex.packageLimit else {
            throw RepositoryError.tooManyPackages(packages.count)
        }
        let bytes = RepositoryIndex.encode(packages)
        let body = try FileBody(of: bytes)
        try write(bytes, "\(targets)/\(body.fetchName(of: RepositoryIndex.path))")
        return body
    }

    /// A package that a handset would refuse is not offered.
    static func sound(_ file: String) throws -> PackageFile {
        let package = try PackageFile(file)
        guard package.problems.isEmpty else {
            throw RepositoryError.badPackage(file: file, problems: package.problems)
        }
        return package
    }
}
