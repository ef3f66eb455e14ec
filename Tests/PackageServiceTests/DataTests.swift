import Packages
import Testing

@testable import amos_pkgd

/// What becomes of an app's own data when the app changes.
@Suite struct DataTests {
    static let id = PackageID("com.example.notes")!

    private let disk = SimulatedDisk()
    private let engine: TestEngine

    init() throws { engine = try TestEngine.on(disk) }

    private var package: Generation.Package? { engine.current[Self.id] }
    private var content: String? { disk.content(of: package) }

    private func install(_ code: UInt64, _ options: InstallOptions = []) throws {
        try engine.install(TestPackage(code: code, kind: .app), options)
    }

    @Test func anUpgradeKeepsItAndARollbackBringsItBack() throws {
        try install(1)
        disk.write("one", as: package)
        try install(2)
        #expect(content == "one")
        disk.write("one and two", as: package)
        try engine.commit(try engine.rollback(to: nil))
        #expect(content == "one")
        disk.write("again", as: package)
        // The set before the rollback is still there, and so is its data.
        try engine.commit(try engine.rollback(to: 2))
        #expect(content == "one and two")
        try install(3)
        #expect(content == "one and two")
    }

    @Test func theSamePackageKeepsTheSameFolder() throws {
        try install(1)
        disk.write("one", as: package)
        try install(1)
        try engine.commit(try engine.marking(Self.id, .held))
        #expect(content == "one" && disk.dataFolders == ["com.example.notes/1"])
    }

    @Test func removalKeepsItOrNotAsAsked() throws {
        try install(1)
        let user = try #require(package?.user)
        disk.write("one", as: package)
        try engine.remove(Self.id, keepsData: true)
        #expect(disk.dataFolders == ["com.example.notes/1"])
        try install(2)
        #expect(content == "one" && package?.user == user)
        try engine.remove(Self.id, keepsData: false)
        // At once, although older sets could be gone back to.
        #expect(disk.dataFolders == [])
        try engine.commit(try engine.rollback(to: nil))
        #expect(content == "" && package?.user == user)
    }

    @Test func keptDataGoesWhenItsClaimGoes() throws {
        try install(1)
        try engine.remove(Self.id, keepsData: true)
        try engine.remove(Self.id, keepsData: false)
        #expect(disk.dataFolders == [])
    }

    @Test func usersAreNeverGivenTwice() throws {
        var users: [UInt32] = []
        for round in 0..<3 {
            try engine.install(TestPackage(code: UInt64(round + 1), kind: .app))
            try engine.install(TestPackage(id: "org.other.app", kind: .app, key: 1))
            users += engine.current.packages.map(\.user)
            try engine.remove(Self.id, keepsData: false)
            try engine.remove(PackageID("org.other.app")!, keepsData: false)
        }
        #expect(Set(users).count == 6 && users.allSatisfy { $0 >= Generation.firstUser })
        try engine.install(TestPackage(id: "org.other.library", key: 2))
        #expect(engine.current.packages.map(\.user) == [0])
    }

    @Test func tooMuchIsNotCopied() throws {
        try install(1)
        disk.write(String(repeating: "x", count: 101), as: package)
        try install(2)
        #expect(content?.utf8.count == 101 && disk.dataFolders == ["com.example.notes/1"])
        disk.write("less", as: package)
        try engine.commit(try engine.rollback(to: nil))
        #expect(content == "less")
    }

    @Test func copiesGoWithTheirSets() throws {
        for code in 1...20 {
            try install(UInt64(code))
            disk.write("\(code)", as: package)
        }
        #expect(disk.dataFolders.count == TestEngine.keptGenerations + 1)
        #expect(content == "20")
    }
}
