import LinuxSystem
import Packages
import Wire

/// Becomes an installed app.
///
///     amos-launch [--directory DIR] [--data DIR] ID [ARGUMENT…]
///
/// Reads the installed set, checks the app's manifest and signature as they were checked at install, opens
/// the payload, has the kernel measure that descriptor, and mounts the file system in it where only this
/// process sees it. Then it becomes the app's user, and the app.
///
///     /run/app    the payload: read-only, nosuid, nodev; nothing else is in /run
///     /data       the app's own folder, the only place where something stays; nothing in it is executed
///     /tmp        its own, in memory
///     the rest    the system, read-only, with a small /dev; no network unless the manifest says `network`
///
/// It must never execute anything of a package whose signature and measured payload were not checked here, or
/// as anybody but the app's own user; give it a descriptor besides its streams; or change the set.
@main
enum AmosLaunch {
    static func main() {
        guard let wanted = LaunchRequest(ProcessArguments.read()) else {
            fail("which app? usage: amos-launch ID [ARGUMENT…]", status: 2)
        }
        do throws(LaunchError) {
            let app = try InstalledApp(wanted)
            fail(app.become(wanted.arguments).description)
        } catch {
            fail(error.description)
        }
    }

    private static func fail(_ reason: String, status: Int32 = 1) -> Never {
        Output.complain("amos-launch: " + reason + "\n")
        ChildProcess.exit(status)
    }
}

/// What is to be started, and where it is.
struct LaunchRequest {
    var directory = "/data/amos/packages"
    var dataDirectory = "/data/amos/apps"
    var id: PackageID
    var arguments: [String] = []

    init?(_ words: [String]) {
        var rest = words[...]
        var folders = [directory, dataDirectory]
        for (index, option) in ["--directory", "--data"].enumerated() {
            guard let word = rest.first, UTF8Text.equal(word, option) else { continue }
            rest = rest.dropFirst()
            guard let value = rest.popFirst() else { return nil }
            folders[index] = value
        }
        guard let name = rest.popFirst(), let id = PackageID(name) else { return nil }
        self.id = id
        (directory, dataDirectory) = (folders[0], folders[1])
        arguments = Array(rest)
    }
}

enum LaunchError: Error {
    case package(PackageError)
    case system(SystemCallError)
    /// Not what is started like this: one sentence.
    case refused(String)

    var description: String {
        switch self {
        case .package(let error): error.description + "; `amosctl pkg verify` looks at all packages"
        case .system(let error): error.description
        case .refused(let sentence): sentence
        }
    }
}
