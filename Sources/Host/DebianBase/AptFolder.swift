import Foundation
import HostSystem

/// apt with folders of its own: it solves, downloads and checks signatures for a suite and an architecture
/// that need not be this machine's, as an ordinary user, and neither sees nor touches what is installed here.
struct AptFolder: ~Copyable {
    let folder: String
    private let lock: FileLock

    /// Makes the folder and waits for other amos processes to leave it.
    init(
        cache: CacheFolder, mirror: Mirror, suite: String, components: [String], architecture: String
    ) throws(DebianError) {
        let source = Self.source(mirror: mirror, suite: suite, components: components)
        let key = SHA256Digest.of(Array("\(source) \(architecture)".utf8)).description.prefix(16)
        let folder = try cache.folder("apt/\(suite)-\(architecture)-\(key)")
        for name in ["lists/partial", "cache/archives/partial"] { try makeFolders("\(folder)/\(name)") }
        let lock = try wrapping { () throws(SystemError) in try FileLock("\(folder)/lock") }
        let files = [
            ("sources.list", source), ("status", ""),
            ("apt.conf", Self.configuration(folder: folder, architecture: architecture)),
        ]
        for (name, text) in files {
            try wrapping { () throws(SystemError) in
                let file = try OutputFile(replacing: "\(folder)/\(name)")
                try file.write(Array(text.utf8), at: 0)
                try file.commit()
            }
        }
        self.folder = folder
        self.lock = lock
    }

    private static func source(mirror: Mirror, suite: String, components: [String]) -> String {
        var options: [String] = []
        if mirror.isTrusted {
            options.append("trusted=yes")
        } else if !mirror.keyrings.isEmpty {
            options.append("signed-by=\(mirror.keyrings.joined(separator: ","))")
        }
        let bracket = options.isEmpty ? "" : "[\(options.joined(separator: " "))] "
        return "deb \(bracket)\(mirror.address) \(suite) \(components.joined(separator: " "))\n"
    }

    /// Read after the machine's own configuration (`-c`), so that proxies stay and everything named here is
    /// replaced.
    private static func configuration(folder: String, architecture: String) -> String {
        """
        // The machine's hooks would clean its own package cache.
        #clear APT::Update::Pre-Invoke;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        #clear APT::Architectures;
        APT::Architecture "\(architecture)";
        APT::Architectures { "\(architecture)"; };
        APT::Install-Recommends "false";
        APT::Install-Suggests "false";
        // A list that cannot be fetched must not be replaced by an older one in silence.
        APT::Update::Error-Mode "any";
        APT::Sandbox::User "root";
        Acquire::Languages "none";
        Acquire::PDiffs "false";
        Debug::NoLocking "true";
        Dir::Cache "\(folder)/cache";
        Dir::Cache::pkgcache "pkgcache.bin";
        Dir::Cache::srcpkgcache "srcpkgcache.bin";
        Dir::Etc::SourceList "\(folder)/sources.list";
        Dir::Etc::SourceParts "/dev/null";
        Dir::Etc::Preferences "/dev/null";
        Dir::Etc::PreferencesParts "/dev/null";
        Dir::State::Lists "\(folder)/lists";
        Dir::State::extended_states "\(folder)/extended_states";
        Dir::State::status "\(folder)/status";

        """
    }

    /// Fetches the package lists and checks their signatures.
    func update() throws(DebianError) {
        let output = try run("apt-get", ["-q", "update"])
        guard output.status == 0 else { throw .updateFailed(message: Self.complaints(output)) }
    }

    /// The names of everything that installing `packages` on an empty machine would install.
    func solve(_ packages: [String]) throws(DebianError) -> [String] {
        if packages.isEmpty { return [] }
        let output = try run("apt-get", ["-q", "-s", "install"] + packages)
        guard output.status == 0 else {
            throw .unsatisfiable(packages: packages, message: Self.complaints(output))
        }
        return output.text.split(separator: "\n").filter { $0.hasPrefix("Inst ") }
            .compactMap { $0.split(separator: " ").dropFirst().first }
            .map { String($0.prefix { $0 != ":" }) }
    }

    /// The archive's entries for those of `names` that it has.
    func show(_ names: [String]) throws(DebianError) -> [PackageStanza] {
        if names.isEmpty { return [] }
        let output = try run("apt-cache", ["show", "--no-all-versions"] + names)
        return PackageStanza.parse(output.text)
    }

    func allNames() throws(DebianError) -> [String] {
        try run("apt-cache", ["pkgnames"]).text.split(separator: "\n").map(String.init)
    }

    private func run(_ program: String, _ arguments: [String]) throws(DebianError) -> Tool.Output {
        let folder = folder
        return try running { () throws(Tool.Failure) in
            try Tool(program, package: "apt").run(
                ["-c", "\(folder)/apt.conf"] + arguments, environment: aptEnvironment())
        }
    }

    /// The lines in which apt says what is wrong, without its marks.
    static func complaints(_ output: Tool.Output) -> String {
        let lines = (output.errorText + output.text).split(separator: "\n")
        let marked = lines.filter { $0.hasPrefix("E: ") }.map { $0.dropFirst(3) }
        let unmet = lines.filter { $0.contains("Depends:") || $0.contains("Conflicts:") }
        let said = (unmet + marked).map { $0.trimmingCharacters(in: .whitespaces) }
        return said.isEmpty ? "status \(output.status)" : said.joined(separator: "; ")
    }
}

/// This process's environment with apt speaking English, which is what is parsed.
func aptEnvironment() -> [String: String] {
    var environment = ProcessInfo.processInfo.environment
    environment["LC_ALL"] = "C.UTF-8"
    environment["LANGUAGE"] = nil
    return environment
}
