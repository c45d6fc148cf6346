using System.Globalization;
using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// propose N TEXT...: entries with these texts. read N rID: a linearizable read. lease N: whether N may read alone now. fresh N: how old what N knows may
/// be at the most.
/// </summary>
internal static class ClientVerbs
{
    public static bool TryRun(TranscriptEnvironment environment, string verb, string[] arguments)
    {
        switch (verb)
        {
            case "propose":
                Propose(environment, environment.Host(arguments[0]), arguments[1..]);
                return true;
            case "read":
                Read(environment, environment.Host(arguments[0]), TranscriptText.Number(arguments[1].TrimStart('r')));
                return true;
            case "lease":
                environment.Print($"{arguments[0]} by lease: {Answer(environment.Host(arguments[0]).Core.ReadByLease(environment.Now))}");
                return true;
            case "fresh":
                environment.Print(environment.Host(arguments[0]).Core.FreshnessAt(environment.Now) is var (age, index)
                    ? string.Create(CultureInfo.InvariantCulture, $"{arguments[0]} at {index}, at most {age.TotalMilliseconds:0.0} ms old")
                    : $"{arguments[0]} cannot tell");
                return true;
            default:
                return false;
        }
    }

    private static string Answer(Refusal refusal) => refusal == Refusal.None ? "yes" : $"refused: {refusal}";

    private static void Propose(TranscriptEnvironment environment, CoreHost host, string[] texts)
    {
        var proposed = default(Proposed);
        environment.Step(host, target => proposed = target.Propose(environment.Now, texts));
        if (proposed.Refusal != Refusal.None)
            environment.Print($"refused: {proposed.Refusal}");
    }

    private static void Read(TranscriptEnvironment environment, CoreHost host, long id)
    {
        var refusal = Refusal.None;
        environment.ReadAsked(host, id);
        environment.Step(host, target => refusal = target.Read(environment.Now, id));
        environment.Print(refusal == Refusal.None ? $"r{id} taken" : $"refused: {refusal}");
    }
}
