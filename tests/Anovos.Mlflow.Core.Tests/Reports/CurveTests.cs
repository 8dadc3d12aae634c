using Anovos.Mlflow.Reports;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Reports;

public class CurveTests
{
    [Fact]
    public void A_short_history_is_drawn_point_by_point_in_its_order()
    {
        Metric[] history = [new("m", 3, 30, 2), new("m", 1, 10, 0), new("m", 2, 20, 1)];
        Assert.Equal([1.0, 2.0, 3.0], Curve.Of(history).Points.Select(point => point.Value));
    }

    [Fact]
    public void Of_several_points_at_one_step_the_last_counts()
    {
        Curve curve = Curve.Of([new("m", 1, 10, 0), new("m", 9, 12, 1), new("m", 2, 11, 1)]);
        Assert.Equal([1.0, 9.0], curve.Points.Select(point => point.Value));
        Assert.Equal(3, curve.Length);
    }

    [Fact]
    public void Points_without_steps_are_in_the_order_of_time()
    {
        Curve curve = Curve.Of([new("m", 2, 20), new("m", 1, 10), new("m", 3, 30)]);
        Assert.True(curve.IsByTime);
        Assert.Equal([1.0, 2.0, 3.0], curve.Points.Select(point => point.Value));
    }

    [Fact]
    public void A_long_history_keeps_its_ends_its_extremes_and_its_gaps()
    {
        Metric[] history = ReportFixture.Line("m", 100_000, step => step switch { 41_234 => 99, 77_777 => -99, 50_000 => double.NaN, _ => Math.Sin(step / 1000.0) });
        Curve curve = Curve.Of(history);
        Assert.InRange(curve.Points.Count, 300, Curve.MostPoints + 2);
        Assert.Equal([0L, 99_999L], [curve.Points[0].Step, curve.Points[^1].Step]);
        Assert.Contains(curve.Points, point => point.Value == 99);
        Assert.Contains(curve.Points, point => point.Value == -99);
        Assert.Contains(curve.Points, point => point.Step == 50_000);
        Assert.Equal(curve.Points.OrderBy(point => point.Step), curve.Points);
        Assert.Equal((100_000, 1), (curve.Length, curve.NotFinite));
    }

    [Fact]
    public void The_largest_number_is_the_infinity_that_a_database_made_it_of() =>
        Assert.Equal([double.PositiveInfinity, double.NegativeInfinity], Curve.Of([new("m", double.MaxValue, 1, 0), new("m", double.MinValue, 2, 1)]).Points.Select(point => point.Value));
}
