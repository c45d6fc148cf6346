using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Streams;

/// <summary>The stream jobs over HTTP: where each stands, its topology, rows of its tables at every consistency level, dead letters. Any node answers.</summary>
internal static class StreamEndpoints
{
    private const int DefaultRows = 100;

    /// <summary>Adds the endpoints.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/streams", ListAsync).Needs(AccessRole.Read);
        routes.MapGet("/v1/streams/{job}", StatusAsync).Needs(AccessRole.Read);
        routes.MapGet("/v1/streams/{job}/topology", TopologyAsync).Needs(AccessRole.Read);
        routes.MapGet("/v1/streams/{job}/tables/{table}", RowsAsync).Needs(AccessRole.Read);
        routes.MapGet("/v1/streams/{job}/dead-letters", LettersAsync).Needs(AccessRole.Read);
        routes.MapPost("/v1/streams/{job}/dead-letters/{sequence}/replay", static context => LetterAsync(context, JobCommand.WriteReplay)).Needs(AccessRole.Write);
        routes.MapDelete("/v1/streams/{job}/dead-letters/{sequence}", static context => LetterAsync(context, JobCommand.WriteDiscard)).Needs(AccessRole.Write);
    }

    /// <summary>The job that the path names; null where this program has none of that name.</summary>
    public static Job? JobOf(HttpContext context) => StreamPlaces.JobOf(context.RequestServices.GetRequiredService<NodeHandle>(), PathNames.Job(context));

    /// <summary>There is no such thing.</summary>
    public static JsonHttpResult<ProblemJson> Missing(string what) => Problems.Rejected(StatusCodes.Status404NotFound, ProblemCodes.NotFound, what);

    /// <summary>This program has no job of the name in the path.</summary>
    public static JsonHttpResult<ProblemJson> NoJob(HttpContext context) => Missing(StreamPlaces.NoJob(PathNames.Job(context)));

    /// <summary>Reads at the level that the request asks for, and answers what a function makes of the reply.</summary>
    public static async Task ReadAsync(HttpContext context, ReadOnlyMemory<byte> query, Func<ReadOnlyMemory<byte>, LogPosition, IResult> read)
    {
        var reads = context.RequestServices.GetRequiredService<ReadRouter>();
        var result = await reads.ReadAsync(context, async (counters, level, token) =>
        {
            var answer = await counters.QueryAsync(query, level, token);
            return answer.Outcome == Outcome.Applied
                ? new LocalAnswer(Outcome.Applied, Refusal.None, read(answer.Reply, answer.Position)) { Position = answer.Position, Age = answer.Age }
                : new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Empty);
        });
        await result.ExecuteAsync(context);
    }

    private static async Task ListAsync(HttpContext context)
    {
        var jobs = context.RequestServices.GetRequiredService<NodeHandle>().Settings.Jobs;
        await TypedResults.Json(new StreamListJson([.. jobs.Select(static job => new StreamNameJson(job.Name, job.Fingerprint.ToString("x16", CultureInfo.InvariantCulture)))]), NodeJson.Default.StreamListJson).ExecuteAsync(context);
    }

    private static async Task TopologyAsync(HttpContext context)
    {
        var format = context.Request.Query["format"].ToString();
        IResult result = JobOf(context) is not { } job ? NoJob(context)
            : format is "mermaid" ? TypedResults.Text(job.ToMermaid())
            : format is "" or "text" ? TypedResults.Text(job.Describe())
            : Problems.Bad($"'{format}' is no format of a topology: give text or mermaid.");
        await result.ExecuteAsync(context);
    }

    private static async Task StatusAsync(HttpContext context)
    {
        if (JobOf(context) is not { } job)
        {
            await NoJob(context).ExecuteAsync(context);
            return;
        }

        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteStatus(query, job.Name);
        await ReadAsync(context, query.WrittenMemory, (reply, position) => TypedResults.Json(StreamJson.Of(job, JobStatus.Read(reply.Span), position), NodeJson.Default.StreamJson));
    }

    private static async Task RowsAsync(HttpContext context)
    {
        if (JobOf(context) is not { } job)
        {
            await NoJob(context).ExecuteAsync(context);
            return;
        }

        var name = PathNames.Part(context, "table");
        if (!job.Tables.TryGetValue(name, out var table))
        {
            await Missing($"The job '{job.Name}' has no table '{name}': it has {(job.Tables.Count == 0 ? "none" : string.Join(", ", job.Tables.Keys.Order(StringComparer.Ordinal)))}.").ExecuteAsync(context);
            return;
        }

        if (table is IPlaceSums sums)
        {
            await StreamSumEndpoint.SumAsync(context, job, table, sums);
            return;
        }

        if (!RowQuery.TryRead(context.Request.Query, table, DefaultRows, out var rows, out var problem))
        {
            await Problems.Bad(problem).ExecuteAsync(context);
            return;
        }

        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteRange(query, job.Name, name, rows.From, rows.To, JobAnswers.MaxRows);
        await ReadAsync(context, query.WrittenMemory, (reply, position) => RowsResult(table, rows, reply, position));
    }

    private static async Task LettersAsync(HttpContext context)
    {
        if (JobOf(context) is not { } job)
        {
            await NoJob(context).ExecuteAsync(context);
            return;
        }

        if (!RowQuery.TryNumber(context.Request.Query, "from", 0, long.MaxValue, 0, out var from) || !RowQuery.TryNumber(context.Request.Query, "limit", 1, JobAnswers.MaxRows, DefaultRows, out var limit))
        {
            await Problems.Bad($"from is a sequence of dead letters and limit how many: give 0 or more, and 1 to {JobAnswers.MaxRows}.").ExecuteAsync(context);
            return;
        }

        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteLetters(query, job.Name, from, (int)limit);
        await ReadAsync(context, query.WrittenMemory, (reply, position) =>
        {
            var letters = JobRows.ReadLetters(reply.Span);
            return TypedResults.Json(StreamLettersJson.Of(letters?.Total ?? 0, letters?.Letters ?? [], position), NodeJson.Default.StreamLettersJson);
        });
    }

    private static async Task LetterAsync(HttpContext context, Action<IBufferWriter<byte>, Job, long> write)
    {
        if (JobOf(context) is not { } job)
        {
            await NoJob(context).ExecuteAsync(context);
            return;
        }

        if (!long.TryParse(context.Request.RouteValues["sequence"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
        {
            await Problems.Bad($"'{context.Request.RouteValues["sequence"]}' is no number of a dead letter: give a whole number from 1.").ExecuteAsync(context);
            return;
        }

        var command = new ArrayBufferWriter<byte>();
        write(command, job, sequence);
        var router = context.RequestServices.GetRequiredService<LeaderRouter>();
        var result = await router.RouteAsync(context, ReadOnlyMemory<byte>.Empty, Repeat.Never, async (running, token) =>
        {
            var answer = await running.Node.ProposeAsync(command.WrittenMemory, token);
            if (answer.Outcome != Outcome.Applied)
                return new LocalAnswer(answer.Outcome, answer.Refusal, TypedResults.Empty);
            var declined = JobReply.TryRead(answer.Reply.Span)?.Problem ?? JobProblem.Malformed;
            IResult told = declined switch
            {
                JobProblem.None => TypedResults.Json(new StreamDoneJson("applied", answer.Position.Index.Value, answer.Position.Term.Value), NodeJson.Default.StreamDoneJson),
                JobProblem.NotFound => Missing($"The job '{job.Name}' has no dead letter {sequence} that could be replayed or discarded: it is gone, or was set aside before it came to the log."),
                _ => Problems.Rejected(StatusCodes.Status422UnprocessableEntity, ProblemCodes.Declined, JobProblems.Sentence(declined)!),
            };
            return new LocalAnswer(answer.Outcome, answer.Refusal, told) { Position = answer.Position };
        });
        await result.ExecuteAsync(context);
    }

    private static Utf8ContentHttpResult RowsResult(TableInfo table, RowQuery query, ReadOnlyMemory<byte> reply, LogPosition position)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("table", table.Name);
            json.WriteStartArray("rows");
            var isAll = JobRows.TryReadRows(reply.Span, out _, out var isEnd, out var rows) && isEnd;
            string? next = null;
            var count = 0;
            foreach (var (key, value) in rows)
            {
                if (count == query.Limit)
                {
                    (isAll, next) = (false, table.FormatKey(key.Span));
                    break;
                }

                if (!query.Wants(table.WindowOf(key.Span)))
                    continue;
                WriteRow(json, table, key.Span, value.Span);
                count++;
            }

            json.WriteEndArray();
            json.WriteBoolean("complete", isAll);
            if (next is null && !isAll && rows.Count > 0)
                next = table.FormatKey(rows[^1].Key.Span);
            json.WriteString("next", next);
            json.WriteString("outcome", "applied");
            json.WriteNumber("index", position.Index.Value);
            json.WriteNumber("term", position.Term.Value);
            json.WriteEndObject();
        }

        return TypedResults.Text(body.WrittenSpan, "application/json; charset=utf-8");
    }

    private static void WriteRow(Utf8JsonWriter json, TableInfo table, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        json.WriteStartObject();
        json.WriteString("key", table.FormatKey(key));
        if (table.WindowOf(key) is { } window)
        {
            json.WriteNumber("start", window.Start);
            json.WriteNumber("end", window.End);
        }

        json.WritePropertyName("value");
        table.WriteValue(json, value);
        json.WriteEndObject();
    }
}
