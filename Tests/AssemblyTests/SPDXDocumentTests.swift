import DeviceSpec
import Foundation
import Testing

@testable import Assembly
@testable import DebianBase

@Suite struct SPDXDocumentTests {
    private let folder = TemporaryFolder()

    private func document(_ packages: [PackageFixture]) throws -> SPDXDocument {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let device = try DeviceRepository(shippedRoot: root + "/rootfs", folder: folder.path)
            .device("virt-phone", variant: .user)
        return try SPDXDocument(
            device: device,
            packages: ImagePackages(
                image: packages.map { try $0.unpacked(in: folder) },
                kernel: PackageFixture("linux-image", version: "6.12", []).unpacked(in: folder),
                licences: []))
    }

    private func fields(_ document: SPDXDocument) throws -> [String: Any] {
        try #require(
            JSONSerialization.jsonObject(with: Data(document.encoded())) as? [String: Any])
    }

    @Test func holdsEveryPackageTheKernelAndOurPrograms() throws {
        let fields = try fields(document([PackageFixture("libstdc++6", version: "14.2+b1", [])]))
        #expect(fields["spdxVersion"] as? String == "SPDX-2.3")
        let packages = try #require(fields["packages"] as? [[String: Any]])
        let names = packages.compactMap { $0["name"] as? String }
        #expect(Set(names).isSuperset(of: ["libstdc++6", "linux-image", "amos-init"]))
        let library = try #require(packages.first { $0["name"] as? String == "libstdc++6" })
        #expect(library["SPDXID"] as? String == "SPDXRef-Package-libstdc--6")
        #expect(library["licenseDeclared"] as? String == "MIT")
        let url = (library["externalRefs"] as? [[String: Any]])?.first?["referenceLocator"] as? String
        #expect(url == "pkg:deb/debian/libstdc%2B%2B6@14.2%2Bb1?arch=arm64")
    }

    @Test func identifiersAreOfTheFormatAndAllDescribed() throws {
        let fields = try fields(document([PackageFixture("a+b", []), PackageFixture("c.d", [])]))
        let packages = try #require(fields["packages"] as? [[String: Any]])
        let identifiers = packages.compactMap { $0["SPDXID"] as? String }
        #expect(Set(identifiers).count == packages.count)
        for identifier in identifiers { #expect(identifier.wholeMatch(of: /SPDXRef-[A-Za-z0-9.-]+/) != nil) }
        let described = try #require(fields["relationships"] as? [[String: Any]])
            .compactMap { $0["relatedSpdxElement"] as? String }
        #expect(described == identifiers)
    }

    @Test func equalImagesGiveEqualDocumentsAndOthersDoNot() throws {
        let one = try document([PackageFixture("a", []), PackageFixture("b", [])])
        let same = try document([PackageFixture("b", []), PackageFixture("a", [])])
        let newer = try document([PackageFixture("a", version: "2", []), PackageFixture("b", [])])
        #expect(try one.encoded() == same.encoded())
        #expect(
            try fields(one)["documentNamespace"] as? String != fields(newer)["documentNamespace"] as? String)
        // The packages' time, not the clock's.
        let created = (try fields(one)["creationInfo"] as? [String: Any])?["created"] as? String
        #expect(created == "2023-11-14T22:13:20Z")
    }
}
