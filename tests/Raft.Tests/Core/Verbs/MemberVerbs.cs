using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// join N: a new node that knows of nobody. add N ID [priority=P], promote N ID, remove N ID, replace N OLD NEW, priority N ID P, each asked of
/// node N, [expect=I] if the members are those of index I. transfer N [ID]. full N, room N: N's disk has no room for entries, or has again.
/// wipe N: N, which is down, loses its folder. members N.
/// </summary>
internal static class MemberVerbs
{
    public static bool TryRun(TranscriptEnvironment environment, string verb, string[] arguments)
    {
        switch (verb)
        {
            case "join":
                environment.Join(Id(arguments[0]));
                environment.Print(TranscriptText.Status(environment.Host(arguments[0])));
                return true;
            case "add" or "promote" or "remove" or "replace" or "priority":
                Change(environment, environment.Host(arguments[0]), Wish(verb, arguments));
                return true;
            case "transfer":
                Try(environment, environment.Host(arguments[0]), host => host.Transfer(environment.Now, arguments.Length > 1 ? Id(arguments[1]) : NodeId.None));
                return true;
            case "full" or "room":
                environment.Step(environment.Host(arguments[0]), host => host.StorageFull(environment.Now, verb == "full"));
                return true;
            case "wipe":
                environment.Host(arguments[0]).Disk.Wipe();
                environment.Print($"{arguments[0]} has an empty folder");
                return true;
            case "members":
                var membership = environment.Host(arguments[0]).Core.Membership;
                environment.Print($"{arguments[0]} goes by {CoreText.Members(membership.Current)} of {membership.Index}");
                return true;
            default:
                return false;
        }
    }

    private static MemberChange Wish(string verb, string[] arguments)
    {
        var id = Id(arguments[1]);
        int? priority = TranscriptText.Option(arguments, "priority") is { } word ? TranscriptText.Number(word) : null;
        var change = verb switch
        {
            "add" => MemberChange.Add(id, $"n{id}:1", priority),
            "promote" => MemberChange.Promote(id),
            "remove" => MemberChange.Remove(id),
            "replace" => MemberChange.Replace(id, Id(arguments[2])),
            _ => MemberChange.Update(id, null, TranscriptText.Number(arguments[2])),
        };
        return TranscriptText.Option(arguments, "expect") is { } expected ? change with { Expected = new(TranscriptText.Number(expected)) } : change;
    }

    private static void Change(TranscriptEnvironment environment, CoreHost host, MemberChange change) =>
        Try(environment, host, target => target.Change(environment.Now, change));

    private static void Try(TranscriptEnvironment environment, CoreHost host, Func<CoreHost, Refusal> input)
    {
        var refusal = Refusal.None;
        environment.Step(host, target => refusal = input(target));
        if (refusal != Refusal.None)
            environment.Print($"refused: {refusal}");
    }

    private static NodeId Id(string word) => new(TranscriptText.Number(word));
}
