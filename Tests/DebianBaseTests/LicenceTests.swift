import Foundation
import Testing

@testable import DebianBase

struct LicenceTests {
    private static let dep5 = """
        Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
        Upstream-Name: thing

        Files: *
        Copyright: 2020 Somebody
        License: GPL-2+ or Artistic
         continued text: that looks like a field

        Files: lib/*
        Copyright: 2021 Another
        License: Expat

        License: Unused-Text
         The text.
        """

    private static let packages = [
        TestPackage(
            name: "thing",
            members: [.file("./usr/share/doc/thing/copyright", Array(dep5.utf8), mode: 0o644)]),
        TestPackage(name: "libgcc-s1", members: [.link("./usr/share/doc/libgcc-s1", to: "gcc-14-base")]),
        TestPackage(
            name: "gcc-14-base",
            members: [
                .file("./usr/share/doc/gcc-14-base/copyright", Array("GCC is free".utf8), mode: 0o644)
            ]),
        TestPackage(
            name: "file-link",
            members: [.link("./usr/share/doc/file-link/copyright", to: "../thing/copyright")]),
        TestPackage(
            name: "base-files",
            members: [
                .file("./usr/share/common-licenses/GPL-3", Array("three".utf8), mode: 0o644),
                .link("./usr/share/common-licenses/GPL", to: "GPL-3"),
            ]),
        TestPackage(name: "bare", members: []),
    ]

    @Test func textsAreFoundThroughLinksIntoOtherPackages() throws {
        let archive = try TestArchive(Self.packages)
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: archive.address)
        let unpacked = try store.unpacked(Self.packages.map(\.locked))
        let licences = try LicenceFiles.collect(for: ["thing", "libgcc-s1", "file-link"], in: unpacked)
        #expect(
            licences.map { "\($0.package) \($0.path)" } == [
                "file-link usr/share/doc/thing/copyright", "libgcc-s1 usr/share/doc/gcc-14-base/copyright",
                "thing usr/share/doc/thing/copyright",
            ])
        #expect(
            licences.map(\.expressions) == [
                ["GPL-2.0-or-later OR Artistic-1.0-Perl", "MIT"], [],
                ["GPL-2.0-or-later OR Artistic-1.0-Perl", "MIT"],
            ])
        #expect(textFile(licences[1].storedPath) == "GCC is free")
        let common = LicenceFiles.commonTexts(in: unpacked)
        #expect(common.map(\.name) == ["GPL", "GPL-3"])
        #expect(common.map { textFile($0.storedPath) } == ["three", "three"])
        #expect {
            try LicenceFiles.collect(for: ["bare"], in: unpacked)
        } throws: { error in
            guard case DebianError.licenceMissing("bare") = error else { return false }
            return true
        }
    }

    @Test(arguments: [
        ("GPL-2", "GPL-2.0-only"), ("LGPL-2.1+", "LGPL-2.1-or-later"), ("GFDL-1.3", "GFDL-1.3-only"),
        ("Expat and ISC", "MIT AND ISC"),
        ("GPL-1+ or Artistic, and BSD-3-clause", "(GPL-1.0-or-later OR Artistic-1.0-Perl) AND BSD-3-Clause"),
        ("public-domain", "LicenseRef-Debian-public-domain"),
        ("GPL-3+ with GCC exception", "LicenseRef-Debian-GPL-3--with-GCC-exception"),
        ("GPL", "LicenseRef-Debian-GPL"),
    ])
    func debiansNamesBecomeSPDX(debian: String, spdx: String) {
        #expect(CopyrightFile.expression(debian) == spdx)
    }

    @Test func theBundleHoldsEveryCertificate() throws {
        let package = TestPackage(
            name: "ca-certificates",
            members: [
                .file("./usr/share/ca-certificates/mozilla/b.crt", Array("B\n".utf8), mode: 0o644),
                .file("./usr/share/ca-certificates/mozilla/a.crt", Array("A".utf8), mode: 0o644),
                .file("./usr/share/ca-certificates/README", Array("x".utf8), mode: 0o644),
            ])
        let archive = try TestArchive([package, TestPackage(name: "empty", members: [])])
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: archive.address)
        #expect(try CertificateBundle.bytes(of: store.unpacked(package.locked)) == Array("A\nB\n".utf8))
        #expect(throws: DebianError.self) {
            try CertificateBundle.bytes(of: store.unpacked(TestPackage(name: "empty", members: []).locked))
        }
    }
}
