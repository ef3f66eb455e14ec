import Amos

/// Says who it is, counts how often it was started, and rolls a die.
@main
struct Hello {
    static func main() {
        Log.info("\(App.id) \(App.version) says hello to \(App.arguments.first ?? "everybody")")
        do throws(FileError) {
            let starts = try countStart()
            Log.info("start number \(starts); the die shows \(Int.random(in: 1...6))")
        } catch {
            Log.error(error.description)
        }
    }

    /// Kept in the app's data folder, over restarts and upgrades.
    private static func countStart() throws(FileError) -> Int {
        var count = 0
        do throws(FileError) {
            count = Int(try App.data.readText("starts")) ?? 0
        } catch {
            guard error.isMissing else { throw error }
        }
        try App.data.write(String(count + 1), to: "starts")
        return count + 1
    }
}
