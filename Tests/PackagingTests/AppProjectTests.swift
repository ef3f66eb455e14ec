import DeviceSpec
import Foundation
import Packaging
import Testing

/// Packages of projects: what they hold comes from several places.
@Suite struct AppProjectTests {
    private static let copying =
        PackageFolder.yaml + """

            copy:
              - {from: build/notes, to: bin/notes}
              - {from: texts, to: share/texts}

            """

    private func paths(_ folder: PackageFolder) throws -> [String] {
        try PackageFile(folder.file("a.amospkg")).files.map(\.path).filter { !$0.isEmpty }.sorted()
    }

    @Test func copiesJoinTheFilesFolder() throws {
        let folder = try PackageFolder(Self.copying)
        try folder.write("#!/bin/sh\necho built\n", to: "build/notes")
        chmod(folder.file("build/notes"), 0o755)
        try folder.write("a", to: "texts/en/a.txt")
        symlink("../en/a.txt", folder.file("texts/en/b.txt"))
        try folder.write("own", to: "files/share/own.txt")
        try folder.pack()
        let both = [
            "bin", "bin/notes", "share", "share/own.txt", "share/texts", "share/texts/en",
            "share/texts/en/a.txt", "share/texts/en/b.txt",
        ]
        #expect(try paths(folder) == both)
        // The copy wins over the file of that name, and without copies there is no need of a folder.
        let size = try PackageFile(folder.file("a.amospkg")).files.first { $0.path == "bin/notes" }?.size
        #expect(size == 21)
        try FileManager.default.removeItem(atPath: folder.file("files"))
        try folder.pack()
        #expect(try paths(folder) == both.filter { $0 != "share/own.txt" })
    }

    @Test func whatIsMissingIsTold() throws {
        let folder = try PackageFolder(Self.copying)
        #expect(folder.refusal().contains("package.yaml:10:12: error: there is no"))
        #expect(folder.refusal().contains("package.yaml:11:12: error: there is no"))
        let named = try PackageFolder(Self.copying + "files: other\n")
        try named.write("x", to: "build/notes")
        try named.write("x", to: "texts/x")
        #expect(named.refusal().contains("there is no folder"))
        let wrong = try PackageFolder(PackageFolder.yaml + "\ncopy: [{from: files, to: /x}]\n")
        #expect(wrong.refusal().contains("package.yaml:9:26: error: to cannot be '/x'"), "\(wrong.refusal())")
        // Out of the payload through a copied folder.
        let leaving = try PackageFolder(Self.copying)
        try leaving.write("x", to: "build/notes")
        try leaving.write("x", to: "texts/x")
        symlink("../../../x", leaving.file("texts/y"))
        #expect(leaving.refusal().contains("outside of the payload"), "\(leaving.refusal())")
    }
}
