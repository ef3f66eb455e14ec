import DeviceSpec
import Foundation
import Packaging
import Testing

/// What `amos new app` writes, and what it refuses.
@Suite struct AppTemplateTests {
    @Test(arguments: ["", "Notes", "-x", "x_y", "a b", "../x", String(repeating: "a", count: 33)])
    func namesThatNoAppHas(name: String) {
        #expect(throws: AppTemplate.Failure.badName(name)) { try AppTemplate(name: name) }
    }

    @Test func theTemplateIsAPackage() throws {
        let parent = NSTemporaryDirectory() + "/amos-template-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: parent) }
        let written = try AppTemplate(name: "my-app", id: "com.acme.mine").write(into: parent)
        #expect(written.contains(parent + "/my-app/Sources/my-app/MyApp.swift"))
        let description = try PackageDescription(folder: parent + "/my-app")
        #expect(description.manifest.id.text == "com.acme.mine")
        #expect(description.manifest.entry == "bin/my-app")
        #expect(throws: AppTemplate.Failure.exists(path: parent + "/my-app")) {
            try AppTemplate(name: "my-app").write(into: parent)
        }
        #expect(throws: AppTemplate.Failure.badID("acme")) { try AppTemplate(name: "x", id: "acme") }
    }
}
