import Foundation
import HostSystem

/// A Debian archive, and the keyrings that its signatures are checked with.
public struct Mirror: Sendable, Equatable {
    /// Ends in a slash.
    public let address: String
    /// Files, for apt's `signed-by`; empty: apt's own list of trusted keys.
    public let keyrings: [String]
    /// Takes the archive unsigned. A seam for tests, whose repositories nobody signs.
    let isTrusted: Bool

    init(address: String, keyrings: [String], isTrusted: Bool = false) {
        self.address = address.hasSuffix("/") ? address : address + "/"
        self.keyrings = keyrings
        self.isTrusted = isTrusted
    }

    /// `given` (`--mirror`), else `AMOS_MIRROR`, else the archive that this machine's own apt uses.
    public static func find(
        given: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(DebianError) -> Mirror {
        let override = environment["AMOS_MIRROR"].flatMap { $0.isEmpty ? nil : $0 }
        if let address = given ?? override { return Mirror(address: address, keyrings: hostKeyrings()) }
        let output = try running { () throws(Tool.Failure) in
            // Without release information the targets are listed even before the first `apt-get update`.
            try Tool("apt-get", package: "apt").check([
                "indextargets", "--no-release-info", "--format", "$(REPO_URI)\t$(RELEASE)\t$(SIGNED_BY)",
                "Created-By: Packages",
            ])
        }
        guard let mirror = choose(from: output.text) else { throw .noMirror }
        return mirror
    }

    /// The first archive that is neither a security or backports archive nor a third party's: a Debian
    /// archive is known by the `debian` at the end of its address.
    static func choose(from targets: String) -> Mirror? {
        let rows = targets.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        let candidates = rows.filter { row in
            row.count == 3 && !row[0].contains("security") && !row[1].contains("-security")
                && !row[1].contains("-backports")
        }
        let named = candidates.first { row in
            row[0].split(separator: "/").last.map { $0 == "debian" } ?? false
        }
        guard let row = named else { return nil }
        let keyrings = row[2].hasPrefix("/") ? row[2].split(separator: ",").map(String.init) : hostKeyrings()
        return Mirror(address: row[0], keyrings: keyrings)
    }

    /// Every keyring that this machine's apt trusts, the archive's own first: a private mirror may be signed
    /// by a key that only `trusted.gpg.d` has.
    private static func hostKeyrings() -> [String] {
        let folder = "/etc/apt/trusted.gpg.d"
        let names = ["gpg", "pgp"].map { kind in "/usr/share/keyrings/debian-archive-keyring.\(kind)" }
        let archive = names.filter { path in access(path, R_OK) == 0 }
        let trusted = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".gpg") || $0.hasSuffix(".asc") }
            .sorted().map { "\(folder)/\($0)" }
        return archive.prefix(1) + trusted
    }
}
