import Foundation
import Packages
import Testing

/// One case of the golden files in `Solver/`:
///
///     === what it shows
///     x.a 1.0.0                      a release; its version code follows from its version
///       needs x.b ^1.0.0 | x.c         (one of these)
///       provides x.n 1.0.0
///       conflicts x.d <2.0.0
///       replaces x.e
///       api 3
///       arch x86_64
///     installed x.b 1.0.0 requested held pin ^1.0.0        (or: dependency)
///     install x.a ^1.0.0             also: downgrade x.a =1.0.0, remove x.b, upgrade x.b, upgrade,
///                                    floor x.a 2.0.0
///     ---
///     + x.a 1.0.0 requested          installed; ^ upgraded, v downgraded, - removed, = stays as it is
///     Because …                      or the explanation
struct SolverCase: Sendable, CustomTestStringConvertible {
    let title: String
    /// Everything before the line of dashes.
    let input: [String]
    let expected: [String]
    private var releases: [PackageRelease] = []
    private(set) var universe = Universe()
    private(set) var request = SolverRequest(goals: [], installed: [], architecture: .arm64, apiLevel: 2)
    private var installedVersions: [(id: PackageID, version: PackageVersion)] = []

    var testDescription: String { title }

    struct Malformed: Error {
        let line: String
    }

    init(_ lines: [String]) throws {
        title = String(lines[0].dropFirst(4))
        let body = lines.dropFirst()
        input = Array(body.prefix { $0 != "---" })
        expected = Array(body.dropFirst(input.count + 1)).filter { !$0.isEmpty }
        try readInput()
    }

    static func code(_ version: PackageVersion) -> UInt64 {
        let number = (version.major * 1_000 + version.minor) * 1_000 + version.patch
        return number * 100 + (version.preRelease.isEmpty ? 99 : UInt64(version.preRelease.utf8.last! % 64))
            + 1
    }

    private mutating func readInput() throws {
        var release: PackageRelease?
        for line in input where !line.isEmpty && !line.hasPrefix("#") {
            if line.hasPrefix("  ") {
                try Self.extend(&release, line)
                continue
            }
            if let release { releases.append(release) }
            release = nil
            let words = line.split(separator: " ").map(String.init)
            if let id = PackageID(words[0]), words.count == 2, let version = PackageVersion(words[1]) {
                release = PackageRelease(id: id, version: version, versionCode: Self.code(version))
            } else {
                try readRequest(words, line)
            }
        }
        if let release { releases.append(release) }
        for release in releases { universe.add(release) }
    }

    private static func extend(_ release: inout PackageRelease?, _ line: String) throws {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        guard release != nil, words.count == 2 else { throw Malformed(line: line) }
        let rest = words[1]
        switch words[0] {
        case "needs":
            let alternatives = try rest.components(separatedBy: " | ").map(relation)
            release?.dependencies.append(.init(alternatives))
        case "provides":
            let parts = rest.split(separator: " ").map(String.init)
            release?.provides.append(
                .init(PackageID(parts[0])!, parts.count > 1 ? PackageVersion(parts[1])! : nil))
        case "conflicts": release?.conflicts.append(try relation(rest))
        case "replaces": release?.replaces.append(try relation(rest))
        case "api": release?.minimumAPILevel = UInt64(rest)!
        case "arch": release?.architecture = rest == "arm64" ? .arm64 : .x86_64
        default: throw Malformed(line: line)
        }
    }

    private static func relation(_ text: String) throws -> PackageManifest.Relation {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard let id = PackageID(words[0]), let range = VersionRange(words.count > 1 ? words[1] : "*") else {
            throw Malformed(line: text)
        }
        return .init(id, range)
    }

    private mutating func readRequest(_ words: [String], _ line: String) throws {
        let range = VersionRange(words.count > 2 ? words[2...].joined(separator: " ") : "*")
        guard let id = words.count > 1 ? PackageID(words[1]) : PackageID("x.none") else {
            throw Malformed(line: line)
        }
        switch words[0] {
        case "install": request.goals.append(.install(id, range!, allowsDowngrade: false))
        case "downgrade": request.goals.append(.install(id, range!, allowsDowngrade: true))
        case "remove": request.goals.append(.remove(id))
        case "upgrade": request.goals.append(words.count > 1 ? .upgrade(id) : .upgradeAll)
        case "floor":
            request.floors.append(.init(id: id, versionCode: Self.code(PackageVersion(words[2])!)))
        case "limit": request.stepLimit = Int(words[2])!
        case "installed":
            guard words.count > 2, let version = PackageVersion(words[2]) else { throw Malformed(line: line) }
            let pin = words.firstIndex(of: "pin").map { words[($0 + 1)...].joined(separator: " ") }
            request.installed.append(
                .init(
                    id: id, versionCode: Self.code(version), isRequested: words.contains("requested"),
                    isHeld: words.contains("held"), pin: pin.flatMap { VersionRange($0) }))
            installedVersions.append((id, version))
        default: throw Malformed(line: line)
        }
    }

    /// What the solver says, in the form of the golden files.
    /// - Parameter isReversed: releases become known in the reverse order.
    func outcome(isReversed: Bool = false) -> [String] {
        var universe = universe
        if isReversed {
            universe = Universe()
            for release in releases.reversed() { universe.add(release) }
        }
        do throws(SolverFailure) {
            return text(of: try Solver.solve(request, in: universe))
        } catch {
            return error.description.components(separatedBy: "\n")
        }
    }

    private func text(of solution: Solution) -> [String] {
        var lines: [(PackageID, String)] = []
        for package in solution.packages {
            let before = installedVersions.first { $0.id == package.id }?.version
            let sign =
                before.map { old in
                    Self.code(old) == package.versionCode
                        ? "=" : Self.code(old) < package.versionCode ? "^" : "v"
                } ?? "+"
            let reason = package.isRequested ? " requested" : ""
            lines.append((package.id, "\(sign) \(package.id) \(package.version)\(reason)"))
        }
        for (id, version) in installedVersions where solution[id] == nil {
            lines.append((id, "- \(id) \(version)"))
        }
        return lines.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
