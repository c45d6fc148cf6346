using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting.Streams;

/// <summary>
/// <c>GET /v1/streams/{job}/tables/{sums}?key=K&amp;from=A&amp;to=B</c>: the sum of a key's values at places, both included. What is kept for it are inner sums, no rows that would tell anybody something, so a key must be given.
/// </summary>
internal static class StreamSumEndpoint
{
    /// <summary>Answers a request for sums over places.</summary>
    public static async Task SumAsync(HttpContext context, Job job, TableInfo table, IPlaceSums sums)
    {
        if (!TryRead(context.Request.Query, table, sums, out var asked, out var problem))
        {
            await Problems.Bad(problem).ExecuteAsync(context);
            return;
        }

        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteSum(query, job.Name, table.Name, asked.Key, asked.From, asked.To);
        await StreamEndpoints.ReadAsync(context, query.WrittenMemory, (reply, position) => Result(table, asked, reply, position));
    }

    private static JsonHttpResult<StreamSumJson> Json(TableInfo table, PlaceSumQuery asked, Int128 sum, LogPosition position) => TypedResults.Json(
        new StreamSumJson(table.Name, asked.Text, asked.From, asked.To, sum.ToString(CultureInfo.InvariantCulture), "applied", position.Index.Value, position.Term.Value), NodeJson.Default.StreamSumJson);

    private static IResult Result(TableInfo table, PlaceSumQuery asked, ReadOnlyMemory<byte> reply, LogPosition position) => JobRows.TryReadSum(reply.Span, out _, out var sum)
        ? Json(table, asked, sum, position)
        : Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "The job has not begun yet: try again.");

    private static bool TryRead(IQueryCollection query, TableInfo table, IPlaceSums sums, out PlaceSumQuery asked, out string problem)
    {
        (asked, problem) = (default, "");
        var key = new KeyBuffer();
        var last = sums.Places - 1;
        if (query["key"].Count != 1)
            problem = $"'{table.Name}' has sums over the places 0 to {last} of each key: give key once, and from and to where not all of its places are meant.";
        else if (!sums.TryWriteOwner(query["key"].ToString(), key))
            problem = $"'{query["key"]}' is no key of '{table.Name}'.";
        else if (!RowQuery.TryNumber(query, "from", 0, last, 0, out var from) || !RowQuery.TryNumber(query, "to", 0, last, last, out var to))
            problem = $"from and to are places of '{table.Name}', both included: give whole numbers from 0 to {last} once each, or leave one out for no bound.";
        else
            asked = new(query["key"].ToString(), key.Span.ToArray(), (int)from, (int)to);
        return problem.Length == 0;
    }
}

/// <summary>Which sum is asked for.</summary>
/// <param name="Text">The key, as it was given.</param>
/// <param name="Key">Its bytes.</param>
/// <param name="From">The first place.</param>
/// <param name="To">The last place.</param>
internal readonly record struct PlaceSumQuery(string Text, byte[] Key, int From, int To);
