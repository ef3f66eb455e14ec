import ArgumentParser

@main
struct AmosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "amos", abstract: "Builds, boots and updates handsets.")
}
