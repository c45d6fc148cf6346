using System.Globalization;
using Microsoft.Extensions.Primitives;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>Reads of many counters at one index: those that are named, and the sum over those whose keys are integers. At every level, as reads of one are.</summary>
internal static class RangeEndpoints
{
    /// <summary>The most keys of one request; as many as the request line holds.</summary>
    private const int MaxKeys = 1_000;

    /// <summary>Adds the endpoints.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/counters", GetManyAsync).Needs(AccessRole.Read);
        routes.MapGet("/v1/range-sum", SumAsync).Needs(AccessRole.Read);
    }

    private static async Task GetManyAsync(HttpContext context)
    {
        var keys = context.Request.Query["key"];
        var result = TryKeys(keys, out var problem)
            ? await Reads(context).ReadAsync(context, async (counters, level, token) => From(await counters.GetManyAsync(keys!, level, token)))
            : Problems.Bad(problem);
        await result.ExecuteAsync(context);
    }

    private static async Task SumAsync(HttpContext context)
    {
        var result = TryBound(context, "from", long.MinValue, out var from) && TryBound(context, "to", long.MaxValue, out var to)
            ? await Reads(context).ReadAsync(context, async (counters, level, token) => From(from, to, await counters.RangeSumAsync(from, to, level, token)))
            : Problems.Bad("The bounds in the query are no whole numbers of 64 bits: give from and to once each, both are included, or leave one out for no bound.");
        await result.ExecuteAsync(context);
    }

    private static ReadRouter Reads(HttpContext context) => context.RequestServices.GetRequiredService<ReadRouter>();

    private static bool TryKeys(StringValues keys, out string problem)
    {
        problem = keys.Count is < 1 or > MaxKeys ? $"The query names {keys.Count} keys: give key=... once for each, 1 to {MaxKeys} of them." : "";
        foreach (var key in keys)
        {
            if (!CounterKeys.IsKey(key))
                problem = $"A key in the query is no percent-encoded UTF-8 text of 1 to {CounterKeys.MaxBytes} bytes.";
        }

        return problem.Length == 0;
    }

    private static bool TryBound(HttpContext context, string name, long none, out long bound)
    {
        var given = context.Request.Query[name];
        bound = none;
        return given.Count == 0 || (given.Count == 1 && long.TryParse(given[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out bound));
    }

    private static LocalAnswer From(ValuesAnswer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Empty);
        if (answer.Problem is { } problem)
            return new LocalAnswer(Outcome.Applied, Refusal.None, Problems.Rejected(StatusCodes.Status422UnprocessableEntity, ProblemCodes.Declined, problem)) { Position = answer.Position, Age = answer.Age };
        var json = new CountersJson(
            [.. answer.Values.Select(static row => new CounterRowJson(row.Key, row.Value ?? 0, row.Value is not null))], "applied", answer.Position.Index.Value, answer.Position.Term.Value);
        return new LocalAnswer(Outcome.Applied, Refusal.None, TypedResults.Json(json, NodeJson.Default.CountersJson)) { Position = answer.Position, Age = answer.Age };
    }

    private static LocalAnswer From(long from, long to, RangeSumAnswer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Empty);
        var json = new RangeSumJson(from, to, answer.Sum.ToString(CultureInfo.InvariantCulture), answer.Count, "applied", answer.Position.Index.Value, answer.Position.Term.Value);
        return new LocalAnswer(Outcome.Applied, Refusal.None, TypedResults.Json(json, NodeJson.Default.RangeSumJson)) { Position = answer.Position, Age = answer.Age };
    }
}
