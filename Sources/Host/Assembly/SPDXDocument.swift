import DebianBase
import DeviceSpec
import Foundation
import HostSystem

/// A software bill of materials in SPDX 2.3 JSON: what is on a handset, from where, under which licences.
///
/// Equal images give equal documents: the namespace is derived from the lock, and the creation time, which
/// the format demands, is the youngest file time of the packages.
public struct SPDXDocument {
    public struct Component: Sendable, Equatable {
        public var name: String
        /// nil: it is of this checkout, which has none.
        public var version: String?
        public var supplier: String
        public var sha256: String?
        public var packageURL: String?
        /// SPDX licence expressions; empty: nobody stated them in a machine-readable way.
        public var licences: [String]
    }

    let device: String
    let identity: SHA256Digest
    let created: Int64
    public let components: [Component]

    /// The packages of a device's image, its kernel, and Amos's own programs with what is linked into them.
    /// - Parameter linked: packages whose libraries are part of our static programs.
    init(device: Device, packages: ImagePackages, linked: [UnpackedPackage] = []) throws {
        self.device = "\(device.name)-\(device.variant.rawValue)"
        let licences = Dictionary(
            try packages.licenceTexts(with: linked).map { ($0.package, $0.expressions) },
            uniquingKeysWith: { $1 })
        let all = packages.image + [packages.kernel] + linked
        var components = all.map { unpacked in
            let package = unpacked.package
            let url = "pkg:deb/debian/\(package.name)@\(package.version)?arch=\(package.architecture)"
            return Component(
                name: package.name, version: package.version, supplier: "Organization: Debian",
                sha256: package.sha256, packageURL: url.replacing("+", with: "%2B"),
                licences: licences[package.name] ?? [])
        }
        components += HandsetProgram.all.filter { $0.isWanted(by: device) }.map {
            Component(
                name: $0.name, version: nil, supplier: "Organization: Amos", sha256: nil, packageURL: nil,
                licences: ["Apache-2.0"])
        }
        components.append(
            Component(
                name: "swift-embedded-runtime", version: nil, supplier: "Organization: Swift.org",
                sha256: nil,
                packageURL: nil, licences: ["Apache-2.0 WITH Swift-exception"]))
        self.components = components.sorted { $0.name < $1.name }
        identity = .of(
            self.components.map { "\($0.name) \($0.version ?? "") \($0.sha256 ?? "")" }.joined().utf8)
        created = all.flatMap { $0.entries.map(\.modificationTime) }.max() ?? 0
    }

    public func encoded() throws -> [UInt8] {
        let packages = components.map(package)
        let document: [String: Any] = [
            "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": device,
            "documentNamespace": "https://spdx.org/spdxdocs/amos-\(device)-\(identity)",
            "creationInfo": [
                "created": Date(timeIntervalSince1970: Double(created)).formatted(.iso8601),
                "creators": ["Tool: amos"],
            ],
            "packages": packages, "hasExtractedLicensingInfos": licencesOfTheirOwn,
            "relationships": components.map {
                [
                    "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                    "relatedSpdxElement": Self.identifier($0.name),
                ]
            },
        ]
        let options: JSONSerialization.WritingOptions = [
            .prettyPrinted, .sortedKeys, .withoutEscapingSlashes,
        ]
        return try [UInt8](JSONSerialization.data(withJSONObject: document, options: options)) + [10]
    }

    /// Licences that are not on SPDX's list: the format wants them explained.
    private var licencesOfTheirOwn: [[String: Any]] {
        var packages: [String: String] = [:]
        for component in components {
            for licence in component.licences {
                for word in licence.split(whereSeparator: { " ()".contains($0) })
                where word.hasPrefix("LicenseRef-") && packages[String(word)] == nil {
                    packages[String(word)] = component.name
                }
            }
        }
        return packages.sorted { $0.key < $1.key }.map { identifier, package in
            [
                "licenseId": identifier,
                "extractedText": "In the copyright file of \(package); `amos sbom --licences DIR` writes it.",
            ]
        }
    }

    private static func expression(_ licences: [String]) -> String {
        switch licences.count {
        case 0: "NOASSERTION"
        case 1: licences[0]
        default: licences.map { $0.contains(" ") ? "(\($0))" : $0 }.joined(separator: " AND ")
        }
    }

    private func package(_ component: Component) -> [String: Any] {
        var fields: [String: Any] = [
            "SPDXID": Self.identifier(component.name), "name": component.name,
            "supplier": component.supplier,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": false, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": Self.expression(component.licences),
            "copyrightText": "NOASSERTION",
        ]
        if let version = component.version { fields["versionInfo"] = version }
        if let sha256 = component.sha256 {
            fields["checksums"] = [["algorithm": "SHA256", "checksumValue": sha256]]
        }
        if let url = component.packageURL {
            fields["externalRefs"] = [
                [
                    "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url,
                ]
            ]
        }
        return fields
    }

    /// Letters, digits, dots and hyphens are all that an SPDX identifier takes.
    private static func identifier(_ name: String) -> String {
        "SPDXRef-Package-"
            + String(
                name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") ? $0 : "-" })
    }
}

/// What a device's image is made of, and the texts that go with it.
public struct BillOfMaterials {
    public let document: SPDXDocument
    /// One per package.
    public let licences: [PackageLicence]
    /// The texts that packages refer to instead of repeating them: `GPL-2`, `Apache-2.0` …
    public let commonLicences: [(name: String, storedPath: String)]
}

extension ImageBuilder {
    /// What static programs have in them.
    private static let linkedPackages: Set = ["musl-dev", "libgcc-14-dev"]

    /// What a device's image is made of; fetches packages that are not here yet.
    public func billOfMaterials(
        _ request: Request
    ) throws -> BillOfMaterials {
        let device = try loadDevice(request)
        let build = try withoutImages(request, device)
        let lock = try build.lockPackages(all: try loadVariants(request, loaded: device))
        let packages = try build.fetchPackages(lock)
        let linked = try PackageStore(cache: cache, mirror: request.mirror).unpacked(
            lock.packages(in: .sysroot).filter { Self.linkedPackages.contains($0.name) })
        try build.graph.finish()
        return BillOfMaterials(
            document: try SPDXDocument(device: device, packages: packages, linked: linked),
            licences: try packages.licenceTexts(with: linked),
            commonLicences: LicenceFiles.commonTexts(in: packages.licences))
    }
}
