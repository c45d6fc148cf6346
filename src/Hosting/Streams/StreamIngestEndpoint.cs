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
/// <remarks>The node that is asked runs the part of the topology in front of the log, and passes the command on to the leader (<see cref="StreamIngest"/>).</remarks>
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
        if (!StreamPlaces.TrySource(context.RequestServices.GetRequiredService<NodeHandle>(), PathNames.Job(context), PathNames.Part(context, "source"), out var place, out var missing))
            return StreamEndpoints.Missing(missing);
        var producer = context.Request.Query["producer"].ToString();
        if (producer.Length is < 1 or > JobEndpoints.MaxName || producer.Any(char.IsControl))
            return Problems.Bad($"producer is who sends: give a name of 1 to {JobEndpoints.MaxName} characters without control characters, always the same.");
        if (!long.TryParse(context.Request.Query["sequence"], NumberStyles.None, CultureInfo.InvariantCulture, out var first) || first < 1 || first > long.MaxValue - MaxLines)
            return Problems.Bad("sequence is the number of the first line among all of the producer's: give 1 or more, one more than that of the last line before it.");
        if (!TryLines(body, out var lines, out var problem))
            return Problems.Bad(problem);
        var end = await context.RequestServices.GetRequiredService<StreamIngest>().TakeAsync(place, producer, first, lines, context.RequestAborted);
        return end switch
        {
            { Outcome: not Outcome.Applied } => Problems.For(end.Outcome, end.Refusal),
            { Declined: JobProblem.None } => Done(end.Sequence, end.Taken, end.Position),
            { Declined: JobProblem.WrongPosition } => Problems.Rejected(StatusCodes.Status409Conflict, ProblemCodes.WrongSequence, end.Problem!),
            { Declined: JobProblem.Busy or JobProblem.SinkFull or JobProblem.NotFound } => Problems.Rejected(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, end.Problem!),
            _ => Problems.Rejected(StatusCodes.Status422UnprocessableEntity, ProblemCodes.Declined, end.Problem!),
        };
    }

    private static JsonHttpResult<StreamTakenJson> Done(long sequence, int taken, LogPosition position) =>
        TypedResults.Json(new StreamTakenJson(sequence, taken, "applied", position.Index.Value, position.Term.Value), NodeJson.Default.StreamTakenJson);

    private static bool TryLines(ReadOnlyMemory<byte> body, out string[] lines, out string problem)
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
            lines = lines[..^1];
        problem = lines.Length is < 1 or > MaxLines ? $"The body has {lines.Length} lines: send 1 to {MaxLines}." : "";
        return problem.Length == 0;
    }
}
