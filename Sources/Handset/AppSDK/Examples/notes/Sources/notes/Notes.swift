import Amos
import Glibc

/// Notes from the command line: the app's data, files of its package, the C library, exit statuses.
@main
struct Notes {
    static func main() {
        let words = App.arguments
        do throws(FileError) {
            switch words.first {
            case "add" where words.count > 1: try Notebook().add(words.dropFirst().joined(separator: " "))
            case "list" where words.count == 1: try Notebook().list()
            case "remove" where words.count == 2: try Notebook().remove(words[1])
            default:
                print(try App.files.readText("share/help.txt"), terminator: "")
                exit(2)
            }
        } catch {
            Log.error(error.description)
            exit(1)
        }
    }
}

/// `HOME/notes/00000001` and so on: a file each, so that nothing but the new note is written.
struct Notebook {
    private let folder = Folder(path: App.data.path + "/notes")

    init() throws(FileError) { try App.data.makeFolder("notes") }

    func add(_ text: String) throws(FileError) {
        let last = try folder.names().last.flatMap { Int($0) } ?? 0
        try folder.write(text + "\n", to: Self.name(last + 1))
        Log.notice("kept note \(last + 1)")
    }

    func list() throws(FileError) {
        for name in try folder.names() {
            print("\(Int(name) ?? 0)  \(try folder.readText(name))", terminator: "")
        }
    }

    func remove(_ number: String) throws(FileError) {
        try folder.remove(Self.name(Int(number) ?? 0))
    }

    /// With zeros in front, so that the order of names is that of numbers.
    private static func name(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
    }
}
