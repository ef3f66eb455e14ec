import LinuxSystem
import Services
import Wire

/// Watches paths that start services. A path need not exist: its nearest existing directory is watched, and
/// the watch moves down as directories are made, and up again when they go.
final class PathWatcher {
    private struct Entry {
        let service: Int
        let trigger: PathTrigger
        /// The path's components.
        let names: [[UInt8]]
        /// How many of them make up the directory that is watched.
        var depth = 0
        /// −1: none.
        var watch: Int32 = -1
    }

    let watch: FileWatch
    private var entries: [Entry] = []

    init() throws(SystemCallError) { watch = try FileWatch() }

    /// Whether one of the conditions holds already.
    func watch(_ triggers: [PathTrigger], for service: Int) -> Bool {
        var isMet = false
        for trigger in triggers {
            let names = Array(trigger.path.utf8).split(separator: UInt8(ascii: "/")).map { Array($0) }
            entries.append(Entry(service: service, trigger: trigger, names: names))
            follow(entries.count - 1)
            if Self.holds(trigger) { isMet = true }
        }
        return isMet
    }

    func forget(_ service: Int) {
        var index = entries.count
        while index > 0 {
            index -= 1
            guard entries[index].service == service else { continue }
            let watch = entries[index].watch
            entries.remove(at: index)
            release(watch)
        }
    }

    /// Services for which something has happened.
    func takeTriggered() -> [Int] {
        var triggered: [Int] = []
        for event in watch.events() {
            for index in entries.indices where event.watch < 0 || entries[index].watch == event.watch {
                guard take(event, index) else { continue }
                let service = entries[index].service
                if !triggered.contains(service) { triggered.append(service) }
            }
        }
        return triggered
    }

    /// Whether the event means what the entry waits for; moves its watch where it has to.
    private func take(_ event: FileWatch.Event, _ index: Int) -> Bool {
        let entry = entries[index]
        let isInside = entry.depth == entry.names.count
        // In the directory itself, or of the name that leads to the path.
        let isGeneral = event.watch < 0 || event.hasEnded || isInside
        guard isGeneral || event.name.elementsEqual(entry.names[entry.depth]) else { return false }
        if event.hasEnded {
            // A directory that was moved away is still watched, under another name.
            entries[index].watch = -1
            release(entry.watch)
        }
        follow(index)
        guard entry.trigger.condition == .changed else { return Self.holds(entry.trigger) }
        // Its own name was touched, or something in it; or it has come to be while the watch moved down.
        let isLast = entry.depth >= entry.names.count - 1
        return isInside || (isLast && !event.hasEnded) || entries[index].depth == entry.names.count
            || Directory.exists(entry.trigger.path)
    }

    /// Watches the nearest directory that exists; once more if it changed meanwhile, so that nothing is
    /// missed.
    private func follow(_ index: Int) {
        let entry = entries[index]
        // A file is watched through its directory.
        let goesInside = entry.trigger.condition != .exists
        let deepest = max(0, goesInside ? entry.names.count : entry.names.count - 1)
        // Each round but the last finds a directory that came or went just now: a few are plenty.
        for _ in 0..<4 {
            var depth = deepest
            while depth > 0, !Directory.isDirectory(Self.path(entry.names, depth)) { depth -= 1 }
            guard depth != entries[index].depth || entries[index].watch < 0 else { return }
            let old = entries[index].watch
            entries[index].watch = -1
            entries[index].depth = depth
            release(old)
            do throws(SystemCallError) {
                entries[index].watch = try watch.add(directory: Self.path(entry.names, depth))
            } catch  where error.code == SystemCallError.notFound {
                // It went just now: look again.
            } catch {
                return Log.say(.error, error.description + "; " + entry.trigger.path + " starts nothing")
            }
        }
    }

    /// A directory's watch is shared by all entries that need it.
    private func release(_ watch: Int32) {
        guard watch >= 0, !entries.contains(where: { $0.watch == watch }) else { return }
        self.watch.remove(watch)
    }

    private static func path(_ names: [[UInt8]], _ depth: Int) -> String {
        var path: [UInt8] = depth == 0 ? [UInt8(ascii: "/")] : []
        for name in names[..<depth] { path += [UInt8(ascii: "/")] + name }
        return String(decoding: path, as: UTF8.self)
    }

    private static func holds(_ trigger: PathTrigger) -> Bool {
        switch trigger.condition {
        case .exists: Directory.exists(trigger.path)
        case .directoryNotEmpty: !Directory.isEmpty(trigger.path)
        case .changed: false
        }
    }
}
