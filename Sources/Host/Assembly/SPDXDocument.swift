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
        public var version: String
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

    /// The packages of a device's image, its kernel, and Amos's own programs.
    init(device: Device, packages: ImagePackages) throws {
        self.device = "\(device.name)-\(device.variant.rawValue)"
        let licences = Dictionary(
            try packages.licenceTexts().map { ($0.package, $0.expressions) }, uniquingKeysWith: { $1 })
        let all = packages.image + [packages.kernel]
        var components = all.map { unpacked in
            let package = unpacked.package
            let url = "pkg:deb/debian/\(package.name)@\(package.version)?arch=\(package.architecture)"
            return Component(
                name: package.name, version: package.version, supplier: "Organization: Debian",
                sha256: package.sha256, packageURL: url.replacing("+", with: "%2B"),
                licences: licences[package.name] ?? [])
        }
        components += HandsetProgram.all.map {
            Component(
                name: $0.name, version: "0", supplier: "Organization: Amos", sha256: nil, packageURL: nil,
                licences: ["Apache-2.0"])
        }
        self.components = components.sorted { $0.name < $1.name }
        identity = .of(self.components.map { "\($0.name) \($0.version) \($0.sha256 ?? "")" }.joined().utf8)
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
            "packages": packages,
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

    private func package(_ component: Component) -> [String: Any] {
        let licence =
            component.licences.isEmpty
            ? "NOASSERTION" : component.licences.map { "(\($0))" }.joined(separator: " AND ")
        var fields: [String: Any] = [
            "SPDXID": Self.identifier(component.name), "name": component.name,
            "versionInfo": component.version, "supplier": component.supplier,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": false, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": licence, "copyrightText": "NOASSERTION",
        ]
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
    /// What a device's image is made of; fetches packages that are not here yet.
    public func billOfMaterials(
        _ request: Request
    ) throws -> BillOfMaterials {
        let device = try loadDevice(request)
        let build = try Build(request: request, device: device, home: home, cache: cache, observer: nil)
        let packages = try build.fetchPackages(try build.lockPackages(all: try loadVariants(request)))
        try build.graph.finish()
        return BillOfMaterials(
            document: try SPDXDocument(device: device, packages: packages),
            licences: try packages.licenceTexts(),
            commonLicences: LicenceFiles.commonTexts(in: packages.licences))
    }
}
