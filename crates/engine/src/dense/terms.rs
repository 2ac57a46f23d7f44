//! On what terms the dense model speaks: when it is asked, and how its word is weighed.

use super::forward::exp;
use super::{KINDS, Reading};
use crate::category::CATEGORIES;
use crate::rules::matching::Context;

/// What the fusion weighs beside the logit of each kind, which is called `kind_<category>`.
pub const FEATURES: [&str; 7] = [
    "tier1",
    "attack",
    "harm",
    "attack_harm",
    "document",
    "system",
    "outgoing",
];
const POINTS_MAX: usize = 4096;
const LOGIT_MAX: f32 = 30.0;
/// Codes of the origins and the direction that have a weight of their own.
const SYSTEM: u8 = 0;
const DOCUMENTS: [u8; 3] = [3, 4, 5];
const OUTGOING: u8 = 1;

/// A curve through rising points, flat outside.
type Curve = Vec<(f32, f32)>;

/// When the model is asked, and how its word is weighed with that of tier 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    band: (f32, f32),
    bias: f32,
    weights: [f32; FEATURES.len() + KINDS],
    calibration: Curve,
    scale: Curve,
    harm: Option<(f32, f32)>,
}

/// Terms that do not hold together, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermsError(pub String);

impl std::fmt::Display for TermsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TermsError {}

impl Terms {
    /// `band` is of confidences of tier 1, both ends included. `weights` are by name; what is not named has
    /// none. `calibration` goes from the fused logit to a confidence, `scale` from there to the scale on
    /// which thresholds stand; `harm`, if given, is the line under whose sigmoid the harm logit is a
    /// confidence of `harmful_request`.
    ///
    /// # Errors
    /// An unknown name, a number that is not finite, a curve that falls or is empty.
    pub fn new(
        band: (f32, f32),
        bias: f32,
        weights: &[(String, f32)],
        calibration: Curve,
        scale: Curve,
        harm: Option<(f32, f32)>,
    ) -> Result<Self, TermsError> {
        let mut terms = Self {
            band,
            bias,
            weights: [0.0; FEATURES.len() + KINDS],
            calibration,
            scale,
            harm,
        };
        for (name, weight) in weights {
            let kind = |name: &str| CATEGORIES.iter().take(KINDS).position(|known| *known == name);
            let at = match name.strip_prefix("kind_") {
                Some(name) => kind(name).map(|at| FEATURES.len() + at),
                None => FEATURES.iter().position(|known| known == name),
            };
            let Some(slot) = at.and_then(|at| terms.weights.get_mut(at)) else {
                return Err(TermsError(format!("the fusion cannot weigh `{name}`")));
            };
            *slot = *weight;
        }
        let line = harm.is_none_or(|(slope, intercept)| slope.is_finite() && intercept.is_finite());
        if !bias.is_finite() || !line || terms.weights.iter().any(|weight| !weight.is_finite()) {
            return Err(TermsError("a weight that is not finite".to_owned()));
        }
        check_curve(&terms.calibration, "the calibration")?;
        check_curve(&terms.scale, "the scale")?;
        Ok(terms)
    }

    /// Whether the model is asked about a text of which tier 1 is so sure.
    #[inline]
    pub(crate) fn in_band(&self, confidence: f32) -> bool {
        self.band.0 <= confidence && confidence <= self.band.1
    }

    /// The confidence of something harmful.
    pub(crate) fn harm(&self, reading: &Reading) -> f32 {
        self.harm
            .map_or(0.0, |(slope, intercept)| sigmoid(slope * reading.harm + intercept))
    }

    /// The logit of both tiers together, and the confidence.
    pub(crate) fn weigh(&self, reading: &Reading, tier1: f32, context: Context) -> (f32, f32) {
        let flag = |yes: bool| if yes { 1.0 } else { 0.0 };
        let features = [
            tier1,
            reading.attack,
            reading.harm,
            sigmoid(reading.attack) * sigmoid(reading.harm),
            flag(DOCUMENTS.contains(&context.origin)),
            flag(context.origin == SYSTEM),
            flag(context.direction == OUTGOING),
        ];
        let features = features.iter().chain(&reading.kinds);
        let sum = features
            .zip(&self.weights)
            .fold(f64::from(self.bias), |sum, (feature, weight)| {
                sum + f64::from(*feature) * f64::from(*weight)
            });
        #[expect(clippy::cast_possible_truncation, reason = "clamped to a small range just before")]
        let logit = sum.clamp(f64::from(-LOGIT_MAX), f64::from(LOGIT_MAX)) as f32;
        let confidence = read_curve(&self.scale, read_curve(&self.calibration, logit));
        (logit, confidence.clamp(0.0, 1.0))
    }
}

fn sigmoid(logit: f32) -> f32 {
    let odds = exp(-logit.abs());
    if logit > 0.0 {
        1.0 / (1.0 + odds)
    } else {
        odds / (1.0 + odds)
    }
}

/// Linear between points, flat outside.
fn read_curve(points: &[(f32, f32)], x: f32) -> f32 {
    let after = points.partition_point(|(at, _)| *at <= x);
    match (after.checked_sub(1).and_then(|at| points.get(at)), points.get(after)) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (Some((_, y)), None) | (None, Some((_, y))) => *y,
        (None, None) => 0.0,
    }
}

fn check_curve(points: &[(f32, f32)], what: &str) -> Result<(), TermsError> {
    let finite = points.iter().all(|(x, y)| x.is_finite() && y.is_finite());
    let rising = points
        .windows(2)
        .all(|pair| matches!(pair, [(x0, y0), (x1, y1)] if x0 < x1 && y0 <= y1));
    if finite && rising && !points.is_empty() && points.len() <= POINTS_MAX {
        Ok(())
    } else {
        Err(TermsError(format!(
            "{what} is no rising curve of 1 to {POINTS_MAX} points"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::Terms;
    use crate::dense::Reading;
    use crate::rules::matching::Context;

    fn terms(weights: &[(&str, f32)]) -> Result<Terms, super::TermsError> {
        let weights: Vec<_> = weights
            .iter()
            .map(|(name, weight)| ((*name).to_owned(), *weight))
            .collect();
        let calibration = vec![(-4.0, 0.0), (0.0, 0.5), (4.0, 1.0)];
        Terms::new(
            (0.2, 0.8),
            0.5,
            &weights,
            calibration,
            vec![(0.0, 0.0), (0.5, 0.8), (1.0, 1.0)],
            Some((1.0, -1.0)),
        )
    }

    #[test]
    #[expect(clippy::expect_used, reason = "a test may fail")]
    fn every_feature_has_its_weight() {
        let reading = Reading {
            attack: 2.0,
            harm: -1.0,
            kinds: [0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0],
            span: 0..1,
            whole: true,
        };
        let weigh = |weights: &[(&str, f32)], origin, direction| {
            let terms = terms(weights).expect("sound terms");
            terms.weigh(&reading, -3.0, Context { origin, direction }).0
        };
        assert_eq!(weigh(&[], 1, 0), 0.5);
        assert_eq!(weigh(&[("tier1", 1.0)], 1, 0), -2.5);
        assert_eq!(weigh(&[("attack", 1.0), ("harm", 1.0)], 1, 0), 1.5);
        assert_eq!(weigh(&[("kind_jailbreak", 0.5)], 1, 0), 2.0);
        assert!((weigh(&[("attack_harm", 1.0)], 1, 0) - 0.5 - 0.880_797 * 0.268_941).abs() < 1e-6);
        let places = [("document", 1.0), ("system", 2.0), ("outgoing", 4.0)];
        assert_eq!(
            [weigh(&places, 4, 0), weigh(&places, 0, 0), weigh(&places, 1, 1)],
            [1.5, 2.5, 4.5]
        );
    }

    #[test]
    #[expect(clippy::expect_used, reason = "a test may fail")]
    fn the_confidence_stands_on_the_scale() {
        let reading = Reading {
            attack: 0.0,
            harm: 0.0,
            kinds: [0.0; 7],
            span: 0..0,
            whole: true,
        };
        let terms = terms(&[("tier1", 1.0)]).expect("sound terms");
        let at = |tier1| {
            terms
                .weigh(
                    &reading,
                    tier1,
                    Context {
                        origin: 1,
                        direction: 0,
                    },
                )
                .1
        };
        assert_eq!([at(-9.0), at(-0.5), at(99.0)], [0.0, 0.8, 1.0]);
        assert!((at(-2.5) - 0.4).abs() < 1e-6);
        assert!((terms.harm(&reading) - 0.268_941).abs() < 1e-5);
        assert_eq!(
            [0.1, 0.2, 0.8, 0.9].map(|known| terms.in_band(known)),
            [false, true, true, false]
        );
    }

    #[test]
    fn what_does_not_hold_together_is_refused() {
        assert!(terms(&[("loudness", 1.0)]).is_err());
        assert!(terms(&[("kind_pii", 1.0)]).is_err());
        assert!(terms(&[("tier1", f32::NAN)]).is_err());
        for falling in [
            vec![],
            vec![(0.0, 1.0), (1.0, 0.0)],
            vec![(0.0, 0.0), (0.0, 1.0)],
            vec![(0.0, f32::NAN)],
        ] {
            assert!(Terms::new((0.0, 1.0), 0.0, &[], falling, vec![(0.0, 0.0)], None).is_err());
        }
    }
}
