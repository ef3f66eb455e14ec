import HostSystem

/// The certificates that TLS programs trust, as one file. Debian's package makes it in a maintainer script
/// (`update-ca-certificates`); here it is made from the same files, all of them, in the order of their paths.
public enum CertificateBundle {
    public static let packageName = "ca-certificates"
    /// Where OpenSSL on Debian looks for it.
    public static let path = "etc/ssl/certs/ca-certificates.crt"

    /// - Parameter package: `ca-certificates`, unpacked.
    public static func bytes(of package: UnpackedPackage) throws(DebianError) -> [UInt8] {
        var bundle: [UInt8] = []
        for entry in package.entries {
            guard entry.path.hasPrefix("usr/share/ca-certificates/"), entry.path.hasSuffix(".crt"),
                let stored = entry.storedPath
            else { continue }
            let file = try wrapping { () throws(SystemError) in try MappedFile(stored) }
            file.withBytes { bundle += $0 }
            // PEM readers want each certificate to begin on its own line.
            if bundle.last != UInt8(ascii: "\n") { bundle.append(UInt8(ascii: "\n")) }
        }
        guard !bundle.isEmpty else {
            throw .malformed(package: package.package.name, reason: "it holds no certificates")
        }
        return bundle
    }
}
