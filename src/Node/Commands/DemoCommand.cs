using System.CommandLine;
using RaftStream.Node.Demo;

namespace RaftStream.Node.Commands;

/// <summary><c>raftstream demo</c>: shows on this machine that a killed leader costs a moment and no count.</summary>
internal static class DemoCommand
{
    /// <summary>The largest number of repetitions.</summary>
    public const int MaxRepeat = 1_000_000;

    private static readonly Option<string?> Input = new("--input") { Description = "The text to count (default: the sample that comes with the program).", HelpName = "FILE" };

    private static readonly Option<int> Nodes = new("--nodes") { Description = "How many nodes: 3 or 5.", HelpName = "3|5", DefaultValueFactory = _ => 3 };

    private static readonly Option<int> Repeat = new("--repeat")
    {
        Description = "Stream the text that many times, one after the other.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<string?> Keep = new("--keep") { Description = "Keep the nodes' data in this folder, which must be empty or missing.", HelpName = "DIR" };

    private static readonly Option<bool> InProcess = new("--in-process")
    {
        Description = "Run the nodes inside this process; the leader is closed instead of killed.",
    };

    private static readonly Option<bool> NoFault = new("--no-fault") { Description = "Kill nobody." };

    public static Command Build()
    {
        var command = new Command("demo", "Streams a text through a cluster, kills the leader in the middle, and checks every count.")
        {
            Input, Nodes, Repeat, Keep, InProcess, NoFault, ClientCommand.Json,
        };
        command.SetAction((parsed, stop) => DemoRun.RunAsync(Plan(parsed), stop));
        return command;
    }

    private static DemoPlan Plan(ParseResult parsed)
    {
        var nodes = parsed.GetValue(Nodes);
        if (nodes is not (3 or 5))
            throw new UsageException($"--nodes {nodes} is not possible: give 3 or 5.");
        var repeat = parsed.GetValue(Repeat);
        if (repeat is < 1 or > MaxRepeat)
            throw new UsageException($"--repeat {repeat} is not possible: give a number from 1 to {MaxRepeat}.");
        var input = parsed.GetValue(Input) ?? Path.Combine(AppContext.BaseDirectory, "samples", "moby-dick.txt");
        InputFiles.Check(input, "--input");
        return new DemoPlan(
            input, nodes, repeat, EmptyFolder(parsed.GetValue(Keep)), parsed.GetValue(InProcess), Fault: !parsed.GetValue(NoFault), parsed.GetValue(ClientCommand.Json));
    }

    private static string? EmptyFolder(string? folder)
    {
        if (folder is null)
            return null;
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new UsageException($"--keep {folder} is not an empty folder: the demo starts from nothing.");
        return Path.GetFullPath(folder);
    }
}

/// <summary>Looks at an input file before anything is started for it.</summary>
internal static class InputFiles
{
    /// <summary>Makes sure that the file is there and can be read.</summary>
    /// <exception cref="UsageException">It cannot.</exception>
    public static void Check(string path, string what)
    {
        try
        {
            if (Directory.Exists(path))
                throw new UsageException($"{what} {path} is a folder: give a file.");
            using var file = File.OpenRead(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{what} {path} cannot be read: {(exception is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : exception.Message)}.", exception);
        }
    }
}
