using System.Runtime.CompilerServices;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Looks in code of the user's that runs on every replica for what cannot come out the same on all of them: calls to clocks, randomness and the world outside, and writes to what lies
/// outside of declared state.
/// </summary>
/// <remarks>
/// It reads the code's IL, so it finds what the code and the methods of the same assembly say that it calls, and only that: not what an override, another assembly or a changed collection does. What it
/// reports is certain; that it reports nothing proves nothing. Compiled ahead of time there is no IL, and it finds nothing: build the job once with the just-in-time compiler, in a test for example.
/// </remarks>
internal static class DeterminismCheck
{
    private const int MostSentences = 10;

    public static IEnumerable<string> Look(TopologyNode node)
    {
        if (node.MayLookOutside || !RuntimeFeature.IsDynamicCodeSupported)
            return [];
        var walk = new CodeWalk();
        foreach (var code in node.UserCode)
            walk.Look(code);
        return walk.Findings.Distinct(StringComparer.Ordinal).Take(MostSentences).Select(finding => $"'{node.Name}' runs on every replica and {finding}");
    }
}
