using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Streams;

/// <summary>
/// <c>POST /v1/streams/{job}/sources/{source}/records?producer=NAME&amp;sequence=N</c>: lines of text, of which the first has that sequence, counted from 1 for each producer. All of them count, once, whoever sends them how often;
/// a gap is refused, and lines that are known already are passed over.
/// </summary>
/// <remarks>The node that is asked runs the part of the topology in front of the log, and passes the command on to the leader.</remarks>
internal static class StreamIngestEndpoint
{
    private const int MaxBytes = 256 * 1024;
    private const int MaxLines = 4096;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Adds the endpoint.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/streams/{job}/sources/{source}/records", TakeAsync).Needs(AccessRole.Write).WithMetadata(StreamedBody.Mark);

    private static async Task TakeAsync(HttpContext context)
    {
        var body = await RequestBodies.ReadAsync(context, MaxBytes);
        var result = await AnswerAsync(context, body);
        await result.ExecuteAsync(context);
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        if (StreamEndpoints.JobOf(context) is not { } job)
            return StreamEndpoints.NoJob(context);
        var name = context.Request.RouteValues["source"] as string;
        if (job.Sources.FirstOrDefault(source => string.Equals(source.Name, name, StringComparison.Ordinal)) is not { IsRead: false } source)
            return StreamEndpoints.Missing($"The job '{job.Name}' has no source '{name}' that records could be handed to: {string.Join(", ", job.Sources.Where(static one => !one.IsRead).Select(static one => one.Name))}.");
        var producer = context.Request.Query["producer"].ToString();
        if (producer.Length is < 1 or > JobEndpoints.MaxName || producer.Any(char.IsControl))
            return Problems.Bad($"producer is who sends: give a name of 1 to {JobEndpoints.MaxName} characters without control characters, always the same.");
        if (!long.TryParse(context.Request.Query["sequence"], NumberStyles.None, CultureInfo.InvariantCulture, out var first) || first < 1 || first > long.MaxValue - MaxLines)
            return Problems.Bad("sequence is the number of the first line among all of the producer's: give 1 or more, one more than that of the last line before it.");
        if (!TryLines(body, out var lines, out var problem))
            return Problems.Bad(problem);
        return await TakeAsync(context, job, source, producer, first, lines);
    }

    private static async Task<IResult> TakeAsync(HttpContext context, Job job, ISourceNode source, string producer, long first, List<string> lines)
    {
        var commands = context.RequestServices.GetRequiredService<LeaderCommands>();
        var figures = context.RequestServices.GetRequiredService<JobHostedService>().FiguresOf(job);
        var time = context.RequestServices.GetRequiredService<TimeProvider>();
        var (now, came) = (time.GetUtcNow().ToUnixTimeMilliseconds(), time.GetTimestamp());
        var (skipped, last) = (0, first - 1 + lines.Count);
        while (true)
        {
            var command = source.Take(job, producer, first + skipped, lines.GetRange(skipped, lines.Count - skipped), now, out var latest)!;
            figures?.Owed();
            var answer = await commands.ProposeAsync(command, context.RequestAborted);
            figures?.Settled();
            if (answer.Outcome != Outcome.Applied)
                return Problems.For(answer.Outcome, answer.Refusal);
            var reply = JobReply.TryRead(answer.Reply.Span) ?? new(JobProblem.Malformed, 0, default, 0);
            if (reply.Problem == JobProblem.None)
            {
                figures?.Committed(lines.Count - skipped, time.GetElapsedTime(came), latest, answer.Position);
                return Done(last, lines.Count - skipped, answer.Position);
            }

            if (reply.Problem != JobProblem.WrongPosition || ProducerPosition.SequenceOf(reply.Position) is not { } stands)
                return Declined(reply.Problem);
            if (stands >= last)
                return Done(stands, 0, answer.Position);
            if (stands < first - 1)
                return Problems.Rejected(StatusCodes.Status409Conflict, ProblemCodes.WrongSequence, $"The last line of producer '{producer}' that counts has sequence {stands}, and these begin at {first}: send those between first.");
            skipped = (int)(stands - first + 1);
        }
    }

    private static JsonHttpResult<StreamTakenJson> Done(long sequence, int taken, LogPosition position) =>
        TypedResults.Json(new StreamTakenJson(sequence, taken, "applied", position.Index.Value, position.Term.Value), NodeJson.Default.StreamTakenJson);

    private static JsonHttpResult<ProblemJson> Declined(JobProblem problem) => problem switch
    {
        JobProblem.Busy or JobProblem.SinkFull or JobProblem.NotFound => Problems.Rejected(
            StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, problem == JobProblem.NotFound ? "The job has not begun yet: try again." : JobProblems.Sentence(problem)!),
        _ => Problems.Rejected(StatusCodes.Status422UnprocessableEntity, ProblemCodes.Declined, JobProblems.Sentence(problem)!),
    };

    private static bool TryLines(ReadOnlyMemory<byte> body, out List<string> lines, out string problem)
    {
        lines = [];
        try
        {
            lines = [.. Strict.GetString(body.Span).Split('\n').Select(static line => line.TrimEnd('\r'))];
        }
        catch (DecoderFallbackException)
        {
            problem = "The body is no UTF-8 text: send lines of it.";
            return false;
        }

        if (lines is [.., ""])
            lines.RemoveAt(lines.Count - 1);
        problem = lines.Count is < 1 or > MaxLines ? $"The body has {lines.Count} lines: send 1 to {MaxLines}." : "";
        return problem.Length == 0;
    }
}
