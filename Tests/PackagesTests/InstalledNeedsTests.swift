import Packages
import Testing

@Suite struct InstalledNeedsTests {
    /// app needs lib or other; lib needs base; viewer provides reader, which tool needs.
    static let lines = """
        === an installed set
        x.app 1.0.0
          needs x.lib | x.other
        x.base 1.0.0
        x.lib 1.0.0
          needs x.base ^1.0.0
        x.loop 1.0.0
          needs x.pool
        x.other 1.0.0
        x.pool 1.0.0
          needs x.loop
        x.tool 1.0.0
          needs x.reader >=2.0.0
        x.viewer 1.0.0
          provides x.reader 2.0.0
        x.wrong 1.0.0
          provides x.reader 1.0.0
        installed x.app 1.0.0 requested
        installed x.base 1.0.0 dependency
        installed x.lib 1.0.0 dependency
        installed x.loop 1.0.0 dependency
        installed x.other 1.0.0 dependency
        installed x.pool 1.0.0 dependency
        installed x.tool 1.0.0 dependency held
        installed x.viewer 1.0.0 dependency
        installed x.wrong 1.0.0 dependency
        ---
        """

    static func needs() throws -> InstalledNeeds {
        let sample = try SolverCase(lines.split(separator: "\n").map(String.init))
        return try InstalledNeeds(sample.request.installed, in: sample.universe)
    }

    static func id(_ name: String) -> PackageID { PackageID("x.\(name)")! }

    /// A circle holds nobody up, and an alternative that could be meant is kept.
    @Test func whatNothingLeadsToIsUnneeded() throws {
        #expect(try Self.needs().unneeded() == ["loop", "pool", "wrong"].map(Self.id))
    }

    @Test(arguments: [
        ("app", ["app"]), ("base", ["app", "lib", "base"]), ("other", ["app", "other"]), ("loop", []),
        ("viewer", []), ("none", []),
    ])
    func whySomethingIsThere(name: String, way: [String]) throws {
        #expect(try Self.needs().why(Self.id(name)) == way.map(Self.id))
    }

    @Test func dependents() throws {
        #expect(try Self.needs().dependents(of: Self.id("viewer")) == [Self.id("tool")])
        #expect(try Self.needs().dependents(of: Self.id("wrong")).isEmpty)
        #expect(try Self.needs().dependents(of: Self.id("base")) == [Self.id("lib")])
    }

    @Test func aMissingManifestIsAnError() {
        let installed = [
            SolverRequest.Installed(id: Self.id("app"), versionCode: 1, isRequested: true)
        ]
        #expect(throws: SolverFailure.self) { try InstalledNeeds(installed, in: Universe()) }
    }

    @Test func differencesOfASolution() throws {
        let lines = """
            === a request
            x.a 1.0.0
            x.a 2.0.0
            x.b 1.0.0
            x.c 1.0.0
            x.d 1.0.0
            installed x.a 1.0.0 requested
            installed x.b 1.0.0 dependency
            installed x.c 1.0.0 requested
            upgrade x.a
            install x.b
            remove x.c
            install x.d
            ---
            """
        let sample = try SolverCase(lines.split(separator: "\n").map(String.init))
        let solution = try Solver.solve(sample.request, in: sample.universe)
        let difference = solution.difference(from: sample.request.installed)
        #expect(difference.puts.map { "\($0.id) \($0.version)" } == ["x.a 2.0.0", "x.d 1.0.0"])
        #expect(difference.removals == [Self.id("c")])
        #expect(difference.promotions == [Self.id("b")])
        #expect(solution.difference(from: []).puts.count == 3 && !difference.isEmpty)
    }
}
