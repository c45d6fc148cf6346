using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using RaftStream.Raft.Core;
using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;

namespace RaftStream.Node.Commands;

/// <summary>
/// <c>raftstream restore</c>: makes an empty folder the data folder of one member of a new cluster that begins with a backup. To be run
/// once for each member, with the same file and the same list.
/// </summary>
internal static class RestoreCommand
{
    private static readonly Argument<string> Source = new("FILE") { Description = "The backup." };
    private static readonly Option<string> Data = new("--data") { Description = "The folder to restore into: empty, or made if missing.", HelpName = "DIR", Required = true };
    private static readonly Option<int> Id = new("--id") { Description = "Which member the folder is for.", HelpName = "N", Required = true };

    private static readonly Option<string> Cluster = new("--cluster")
    {
        Description = "All members of the restored cluster, with the addresses at which they listen for each other; ids may be the old ones.",
        HelpName = "1=host:port,2=host:port,...",
        Required = true,
    };

    private static readonly Option<string?> ClusterId = new("--cluster-id") { Description = "The restored cluster's name (default: the list of members).", HelpName = "NAME" };

    private static readonly Option<long?> Incarnation = new("--incarnation")
    {
        Description = "The incarnation, the same for all members (default: the backup's plus one); give a higher one if this backup was restored before.",
        HelpName = "N",
    };

    public static Command Build()
    {
        var command = new Command("restore", "Makes a data folder of a new cluster out of a backup; no node may run there.")
        {
            Source, Data, Id, Cluster, ClusterId, Incarnation, ClientCommand.Json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var path = Path.GetFullPath(parsed.GetRequiredValue(Source));
        InputFiles.Check(path, "FILE");
        var folder = Path.GetFullPath(parsed.GetRequiredValue(Data));
        var members = MemberList.Parse(parsed.GetRequiredValue(Cluster));
        var id = new NodeId(parsed.GetRequiredValue(Id));
        if (!members.ContainsKey(id))
            throw new UsageException($"--cluster does not name node {id}: --id must be one of {string.Join(", ", members.Keys.Order())}.");
        var wanted = parsed.GetValue(Incarnation);
        if (wanted is < 1 or > uint.MaxValue)
            throw new UsageException($"--incarnation {wanted} is not possible: give a number from 1 to {uint.MaxValue}.");
        var identity = new LogIdentity(MemberList.ClusterGuid(parsed.GetValue(ClusterId), members), id);
        try
        {
            using var backup = BackupFile.Open(path);
            var voters = members.Select(static member => new Member { Id = member.Key, Address = Addresses.Format(member.Value), IsVoter = true });
            var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
            var incarnation = Restoration.Run(backup, folder, identity, voters, (uint?)wanted, seed);
            var done = BackupCommand.Describe(backup, folder) with { Incarnation = incarnation, Members = [.. members.Keys.Order().Select(static member => member.Value)] };
            Console.Out.WriteLine(parsed.GetValue(ClientCommand.Json)
                ? JsonSerializer.Serialize(done, BackupCommandJson.Default.BackupJson)
                : $"{folder}: node {id} with state {done.StateHash} as of entry {done.Index}@{done.Term}, incarnation {incarnation}; start all of nodes {string.Join(", ", done.Members)} to form the cluster");
            return ExitCodes.Fine;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The folder {folder} cannot be restored into: {exception.Message}", exception);
        }
    }
}
