@main
enum AmosCrash {
    static func main() {}
}
